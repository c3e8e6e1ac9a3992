"""Train, evaluate and look, on a folder of pictures. Usage: python run.py PICTURES [RUN_FOLDER]

`toolkit.start("image", data=PICTURES, out=RUN_FOLDER)` chooses everything by itself; here the recipe beside this file
is taken as it is, with the folder filled in.
"""

import sys
from pathlib import Path

import toolkit


def main(pictures: str, out: str = "runs/folder") -> None:
    run = toolkit.train(Path(__file__).parent, out, [f"data.path={Path(pictures).absolute()}"])
    print(toolkit.evaluate(run.path)["metrics"])
    toolkit.load(run.path).generate(count=64, seed=1).save(Path(out) / "pictures")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python run.py PICTURES [RUN_FOLDER]")
    main(*sys.argv[1:])
