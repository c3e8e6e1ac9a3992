"""Train, evaluate and listen. Usage: python run.py [RUN_FOLDER [a.b=value ...]]

E.g. `python run.py runs/mine variant=light data.path=RECORDINGS`.
"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/hifigan_v2", *overrides: str) -> None:
    run = toolkit.train(Path(__file__).parent, out, list(overrides))
    print(toolkit.evaluate(run.path)["table"])


if __name__ == "__main__":
    main(*sys.argv[1:])
