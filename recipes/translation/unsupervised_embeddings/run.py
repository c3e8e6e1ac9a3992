"""Learn a dictionary, look words up, and write both spaces as one. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit


def main(out: str = "runs/words") -> None:
    run = toolkit.train(Path(__file__).parent, out, ["variant=seeds"])
    words = toolkit.load(run.path)
    for word, found in zip(["dog", "water", "red"], words.translate(["dog", "water", "red"], n_best=3), strict=True):
        print(word, [one.word for one in found])
    print(words.write_vectors(Path(out) / "vectors"))  # for other programs


if __name__ == "__main__":
    main(*sys.argv[1:])
