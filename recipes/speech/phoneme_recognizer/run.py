"""Train a recogniser of phonemes, for measuring voices. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/phoneme_recognizer") -> None:
    run = toolkit.train(Path(__file__).parent, out=out)
    print(f"measure a voice with it: toolkit evaluate VOICE --recognizer {run.path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
