"""How many exchanged texts are found among the recordings of a voice, and how many right ones are taken for wrong.

    python benchmarks/text_mismatch.py --data kathleen-22k --out benchmarks/results/text_mismatch.json

A share of the recordings gets the text of another recording with nearly as many phones, so that the speaking rate says
nothing. Three draws.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.engine.device import choose_device, describe_machine
from toolkit.speech.voice.mismatch import misfits
from toolkit.speech.voice.recorded import RecordedTexts

LIMITS = (3.0, 4.0, 5.0, 6.0)


def exchange(symbols: list[Any], frames: list[int], share: float, seed: int) -> tuple[list[Any], Any]:
    """The texts with some exchanged, and which these are, bool [N]."""
    by_length = np.argsort([len(text) for text in symbols], kind="stable")
    rank = np.argsort(by_length)
    given, wrong = list(symbols), np.zeros(len(symbols), bool)
    for place in np.random.default_rng(seed).choice(len(symbols), round(share * len(symbols)), replace=False):
        other = symbols[by_length[(rank[place] + 3) % len(symbols)]]
        if len(other) <= frames[place]:
            given[place], wrong[place] = other, True
    return given, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="kathleen-22k")
    parser.add_argument("--share", type=float, default=0.05, help="of the texts that are exchanged")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    source = RecordedTexts(arguments.data, mismatch=None)
    items = [source[place] for place in range(len(source))]
    symbols, mels = [item["symbols"] for item in items], [item["mel"] for item in items]
    rows = []
    for seed in range(3):
        given, wrong = exchange(symbols, [len(mel) for mel in mels], arguments.share, seed)
        begun = time.perf_counter()
        found = misfits(given, mels, len(source.inventory) + 1)
        row = {"seed": seed, "exchanged": int(wrong.sum()), "seconds": round(time.perf_counter() - begun, 2)}
        for limit in LIMITS:
            row[f"found_above_{limit:g}"] = round(float((found > limit)[wrong].mean()), 3)
            row[f"right_ones_above_{limit:g}"] = round(float((found > limit)[~wrong].mean()), 4)
        rows.append(row)
        print(json.dumps(row), flush=True)
    if arguments.out:
        machine = describe_machine(choose_device("auto"))
        result = {"machine": machine, "data": arguments.data, "recordings": len(source), "rows": rows}
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
