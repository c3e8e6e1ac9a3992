"""Compare objectives through the library's public calls. Usage: python run.py [FOLDER]"""

import sys
from pathlib import Path

from toolkit.runs.comparing import compare


def main(out: str = "runs/compared") -> None:
    found = compare(Path(__file__).parent, out, seeds=[0, 1, 2])  # begins with runs/multi30k_en_de
    print("\n".join(found["words"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
