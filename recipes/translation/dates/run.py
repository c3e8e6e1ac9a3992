"""Train, evaluate, translate: the dates recipe through the library's public calls. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/dates") -> None:
    run = toolkit.train(Path(__file__).parent, out)  # the data is made on the spot
    print(toolkit.evaluate(run.path, samples=500)["metrics"])  # days, times and amounts that training has not met
    for one in toolkit.load(run.path).translate(["May 4, 2031", "half past nine"]):
        print(one.text)


if __name__ == "__main__":
    main(*sys.argv[1:])
