"""Train, evaluate and listen: a vocoder of made speech, which needs no data. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/espeak") -> None:
    run = toolkit.train(Path(__file__).parent, out=out)
    print(toolkit.evaluate(run.path)["table"])
    print(f"listen to {run.path / 'samples'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
