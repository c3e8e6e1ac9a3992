"""How long the command line and the import take, each in a process of its own; medians of several starts.

python benchmarks/start_up.py --out benchmarks/results/start_up.json
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "toolkit --help": ["-m", "toolkit", "--help"],
    "toolkit list": ["-m", "toolkit", "list"],
    "toolkit list losses --json": ["-m", "toolkit", "list", "losses", "--json"],
    "import toolkit": ["-c", "import toolkit"],
    "import torch": ["-c", "import torch"],
    "import toolkit.runs": ["-c", "import toolkit.runs"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(arguments.rounds):
        for name, command in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
            taken[name].append(time.perf_counter() - started)
    result = {name: round(statistics.median(seconds), 3) for name, seconds in taken.items()}
    for name, seconds in result.items():
        print(f"{name:30} {seconds * 1e3:7.0f} ms")
    if arguments.out:
        from toolkit.engine.device import choose_device, describe_machine

        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        machine = describe_machine(choose_device("auto"))
        arguments.out.write_text(json.dumps({"machine": machine, "seconds": result}, indent=2) + "\n")


if __name__ == "__main__":
    main()
