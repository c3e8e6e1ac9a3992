"""Train on catalogues, translate one. Usage: python run.py [RUN_FOLDER [CATALOGUE.po ...]]

Without catalogues of your own the embedded one is learned.
"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/gettext", *catalogues: str) -> None:
    files = ", ".join(f'"{Path(name).absolute()}"' for name in catalogues)
    run = toolkit.train(Path(__file__).parent, out, [f"data.files=[{files}]"] if catalogues else [])
    print(toolkit.evaluate(run.path, samples=100)["metrics"])
    for one in toolkit.load(run.path).translate(["Delete all pages", "The folder <b>%s</b> has been renamed."]):
        print(one.text)


if __name__ == "__main__":
    main(*sys.argv[1:])
