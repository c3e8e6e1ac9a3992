"""Train, and measure what noise costs, through the library's public calls. Usage: python run.py [RUN_FOLDER]"""

import sys
from pathlib import Path

import toolkit
from toolkit.runs.noise import measure_noise


def main(out: str = "runs/robust") -> None:
    run = toolkit.train(Path(__file__).parent, out)  # begins with runs/multi30k_en_de
    for one in measure_noise(run.path, rates=[0.1])["noisy"]:
        print(f"{one['kind']}: {one['lost']:.1f} BLEU lost")


if __name__ == "__main__":
    main(*sys.argv[1:])
