"""Train, evaluate, translate: English into Chinese, through the public calls. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/tatoeba_en_zh") -> None:
    run = toolkit.train(Path(__file__).parent, out)  # the data set `tatoeba` lies in $TOOLKIT_DATA
    print(toolkit.evaluate(run.path, samples=1000, settings={"beam": 5})["metrics"])
    for one in toolkit.load(run.path).translate(["Where is the station?", "I like this book."], beam=5):
        print(one.text)


if __name__ == "__main__":
    main(*sys.argv[1:])
