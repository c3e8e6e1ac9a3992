"""Train a voice on a folder of recordings with texts. Usage: python run.py FOLDER [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(folder: str, out: str = "runs/own_voice") -> None:
    run = toolkit.train(Path(__file__).parent, out=out, overrides=[f"data.path={folder}"])
    print(toolkit.evaluate(run.path)["table"])
    print(f"let it speak: toolkit generate speech {run.path} --text '...' --out hello.wav")


if __name__ == "__main__":
    main(*sys.argv[1:])
