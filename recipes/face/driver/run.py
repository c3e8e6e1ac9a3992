"""Train and measure: the driver recipe through the library's public calls. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/driver") -> None:
    run = toolkit.train(Path(__file__).parent, out=out)
    print(toolkit.evaluate(run.path)["metrics"])


if __name__ == "__main__":
    main(*sys.argv[1:])
