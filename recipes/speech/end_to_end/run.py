"""Train acoustic model and vocoder of a voice in one game, measure, speak. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit
from toolkit.speech.voice.speaking import write_speech


def main(out: str = "runs/end_to_end") -> None:
    run = toolkit.train(Path(__file__).parent, out=out)
    print(toolkit.evaluate(run.path)["table"])
    text = "The recordings were made at home, in two days."
    print(write_speech(toolkit.load(run.path), text, run.path / "hello.wav").file)


if __name__ == "__main__":
    main(*sys.argv[1:])
