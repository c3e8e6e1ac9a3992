"""Train, evaluate and look: stacked MNIST through the library's public calls. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/stacked_mnist") -> None:
    here = Path(__file__).parent
    toolkit.prepare(here)  # downloads 12 MB once, or uses $TOOLKIT_DATA
    if not Path("runs/mnist-classifier").exists():  # what the recipe's extractor reads the digits with
        toolkit.train(here.parent / "classifier", out="runs/mnist-classifier", overrides=["variant=mnist"])
    run = toolkit.train(here, out=out)
    print(toolkit.evaluate(run.path)["metrics"])
    toolkit.load(run.path).generate(count=100, seed=1).save(Path(out) / "pictures")


if __name__ == "__main__":
    main(*sys.argv[1:])
