"""Train a voice that needs no data, measure it, let it speak. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit
from toolkit.speech.voice.speaking import write_speech


def main(out: str = "runs/espeak_voice") -> None:
    run = toolkit.train(Path(__file__).parent, out=out)
    print(toolkit.evaluate(run.path)["table"])
    told = write_speech(toolkit.load(run.path), "Good morning. This voice was made in minutes.", run.path / "hello.wav")
    print(f"{told.file}: {told.seconds_of_audio:.1f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
