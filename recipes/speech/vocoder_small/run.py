"""Train, evaluate and listen: a small vocoder through the library's public calls.

Usage: python run.py [RUN_FOLDER [RECORDINGS]]. Without RECORDINGS the recipe's own voices are taken from $TOOLKIT_DATA.
`toolkit.start("vocoder", RECORDINGS, RUN_FOLDER)` chooses the settings by itself; here the recipe is taken as it is.
"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/vocoder_small", recordings: str | None = None) -> None:
    overrides = [] if recordings is None else [f"data.path={Path(recordings).absolute()}"]
    run = toolkit.train(Path(__file__).parent, out, overrides)
    print(toolkit.evaluate(run.path)["table"])
    print(f"listen to {run.path / 'samples'}; copies of your own: toolkit vocode {run.path} in.wav --out out.wav")


if __name__ == "__main__":
    main(*sys.argv[1:])
