"""With the game and without, through the library's public calls. Usage: python run.py [FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/languages") -> None:
    for name, changes in (("game", []), ("together", ["variant=together"]), ("alone", ["variant=alone"])):
        run = toolkit.train(Path(__file__).parent, Path(out) / name, changes)
        print(name, toolkit.evaluate(run.path)["metrics"])


if __name__ == "__main__":
    main(*sys.argv[1:])
