"""Train a translator, then play the game with it, and evaluate both. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/dates_adversarial") -> None:
    here = Path(__file__).parent
    begun = toolkit.train(here, out=f"{out}_mle", overrides=["variant=mle"])
    run = toolkit.train(here, out=out, overrides=[f"start={begun.path}"])
    for path in (begun.path, run.path):
        print(path, toolkit.evaluate(path, samples=500)["metrics"])
    print((run.path / "notes.txt").read_text())  # what was decided on the way, and why
    print(toolkit.load(run.path).translate("on May 3, 2021")[0].text)


if __name__ == "__main__":
    main(*sys.argv[1:])
