"""Train a voice on recordings, measure it, let it speak. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit
from toolkit.speech.voice.speaking import write_speech


def main(out: str = "runs/kathleen") -> None:
    run = toolkit.train(Path(__file__).parent, out=out)
    print(toolkit.evaluate(run.path)["table"])
    text = "The recordings were made at home, in two days."
    print(write_speech(toolkit.load(run.path), text, run.path / "hello.wav").file)


if __name__ == "__main__":
    main(*sys.argv[1:])
