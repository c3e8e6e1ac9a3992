"""A child of a parent, and one from scratch, through the library's public calls. Usage: python run.py [FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/transferred") -> None:
    for name, changes in (("child", []), ("scratch", ["variant=scratch"])):  # the child begins with runs/multi30k_en_de
        run = toolkit.train(Path(__file__).parent, Path(out) / name, changes)
        print(name, toolkit.evaluate(run.path)["metrics"])


if __name__ == "__main__":
    main(*sys.argv[1:])
