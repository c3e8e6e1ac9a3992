"""Train, evaluate, translate: captions of pictures into German. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/multi30k_en_de") -> None:
    run = toolkit.train(Path(__file__).parent, out)  # the data set `multi30k` lies in $TOOLKIT_DATA
    print(toolkit.evaluate(run.path, samples=1000, settings={"beam": 5})["metrics"])
    for one in toolkit.load(run.path).translate(["Two dogs run across the snow."], beam=5):
        print(one.text)


if __name__ == "__main__":
    main(*sys.argv[1:])
