"""Train, evaluate and look: emoji through the library's public calls. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/emoji") -> None:
    here = Path(__file__).parent
    toolkit.prepare(here)  # uses $TOOLKIT_DATA, or what `toolkit prepare image/emoji --from DIR` copied
    run = toolkit.train(here, out=out)
    print(toolkit.evaluate(run.path)["metrics"])
    toolkit.load(run.path).generate(count=100, seed=1).save(Path(out) / "pictures")


if __name__ == "__main__":
    main(*sys.argv[1:])
