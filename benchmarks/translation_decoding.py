"""Decoding on the CPU: every path of the toolkit against `transformers.generate` on the same weights.

    python benchmarks/translation_decoding.py --out benchmarks/results/translation_decoding.json
    python benchmarks/translation_decoding.py --threads 1 --cpu-seconds --rounds 3 greedy-32

Width 256, 4 + 4 layers, a vocabulary of 8,000, random weights; every translation is exactly 16 subwords long, so that
all do the same work. Sentences are those of Multi30k's test set where $TOOLKIT_DATA holds it, otherwise the embedded
dates, sorted by length. Every system has a process of its own (`workers.py`), which takes the cases in turn; rounds are
interleaved, medians compared. With `--cpu-seconds` the processor's time is counted instead of the clock's, which a busy
machine disturbs less. With `--folder` the model that is timed is kept; `--out` keeps cases that it has already.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from workers import Worker, high_water_mark

from toolkit.config import build
from toolkit.engine.device import choose_device, describe_machine, has_fast_bf16
from toolkit.engine.models import load_weights, read_model, save_model
from toolkit.translation.ctranslate2_export import write_export
from toolkit.translation.ctranslate2_part import QUANTIZATIONS, CTranslate2Engine, export_folder, is_installed
from toolkit.translation.dates.pairs import DatePairs
from toolkit.translation.decoding.batches import Search, decoder_for
from toolkit.translation.decoding.beam import Beam
from toolkit.translation.decoding.greedy import Greedy
from toolkit.translation.decoding.hypotheses import Limits, padded
from toolkit.translation.engines import Request
from toolkit.translation.options import Options
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.seq2seq import marian, shared_folder_config
from toolkit.translation.text_files import lines

LENGTH = 16
CASES = {"greedy-32": (1, 32, 64), "beam5-32": (5, 32, 64), "greedy-1": (1, 1, 8), "beam5-1": (5, 1, 8)}
"""Width of the beam, sentences at once, sentences in all."""
PUBLISHED = "transformers"
TARGETS = {
    "torch": {"greedy-32": 1.3},
    "ctranslate2-int8": {"greedy-32": 4.0, "beam5-32": 4.0, "greedy-1": 10.0, "beam5-1": 10.0},
}
"""How many times as fast as `transformers.generate` a path should be."""


def systems() -> list[str]:
    """What can be timed here."""
    bf16 = ["torch-bfloat16"] if has_fast_bf16(choose_device("cpu")) else []
    exported = [f"ctranslate2-{name}" for name in QUANTIZATIONS if name != "int16"] if is_installed() else []
    return [PUBLISHED, "torch", *bf16, "torch-int8", *exported]


def sentences(count: int = 256) -> tuple[list[str], list[str], str]:
    """Texts to learn the vocabulary from, those to translate, and where they are from."""
    folder = Path(os.environ.get("TOOLKIT_DATA", "")) / "multi30k"
    if os.environ.get("TOOLKIT_DATA") and (folder / "test_2016_flickr.en").is_file():
        learnt = [line for side in ("en", "de") for line in lines(folder / f"train.{side}.gz")]
        return learnt, list(lines(folder / "test_2016_flickr.en"))[:count], "Multi30k test2016"
    made = list(DatePairs(0, 20_000, "en", "de", "train"))
    return [side for pair in made for side in pair], [source for source, _ in made[:count]], "dates"


def prepare(folder: Path) -> str:
    """Write the model, its exports and the sentences; returns where the sentences are from."""
    learnt, texts, words = sentences()
    segmenter = Segmenter.train(learnt, [], 8000)
    torch.manual_seed(0)
    spec = {"name": "marian", "vocabulary": len(segmenter), "pad_id": segmenter.pad_id, "eos_id": segmenter.eos_id}
    network = marian(len(segmenter), segmenter.pad_id, segmenter.eos_id).eval()
    config = {"network": spec, **shared_folder_config(network)}
    with tempfile.TemporaryDirectory() as stored:
        segmenter.save(Path(stored))
        files = {file.name: file.read_bytes() for file in Path(stored).iterdir()}
    rows = sorted((segmenter.encode(text) for text in texts), key=len)
    files["rows.json"] = json.dumps(rows).encode()
    save_model(folder / "model", network.state_dict(), config, "# For a benchmark\n", files)
    for name in QUANTIZATIONS if is_installed() else ():
        if f"ctranslate2-{name}" in systems():
            write_export(network, segmenter, folder / "model", export_folder(folder / "model", name), name)
    return f"{words}, {len(segmenter)} subwords"


def call_of(folder: Path, system: str, case: str) -> Callable[[], Any]:
    """Translate all sentences of a case once."""
    beam, size, count = CASES[case]
    rows = json.loads((folder / "rows.json").read_text())
    rows = [rows[place * len(rows) // count] for place in range(count)]
    batches = [rows[first : first + size] for first in range(0, count, size)]
    if system.startswith("ctranslate2"):
        return _ctranslate2(folder, system, beam, batches)
    model = read_model(folder)
    network = build("generators", model.config["network"], "the model").eval()
    load_weights(network, model.weights, folder)
    precision: Any = system.removeprefix("torch").removeprefix("-") or "float32"
    decoder = decoder_for(network, "float32" if system == PUBLISHED else precision)
    sources = [padded(batch, decoder) for batch in batches]
    if system == PUBLISHED:
        lengths = {"min_new_tokens": LENGTH, "max_new_tokens": LENGTH}

        def generate() -> None:
            for source in sources:
                mask = (source != decoder.pad_id).long()
                network.generate(input_ids=source, attention_mask=mask, num_beams=beam, do_sample=False, **lengths)

        return generate
    limits = Limits(0, LENGTH, LENGTH)
    search: Search = Greedy(limits, scored=False) if beam == 1 else Beam(beam, limits=limits)

    def translate() -> None:
        for source in sources:
            search(decoder, source)

    return translate


def _ctranslate2(folder: Path, system: str, beam: int, batches: Sequence[Sequence[list[int]]]) -> Callable[[], Any]:
    engine = CTranslate2Engine(folder / system, Segmenter.load(folder), 512, threads=torch.get_num_threads())
    size = len(batches[0])
    options = Options(beam=beam, ratio=0, extra=LENGTH, least=LENGTH, batch_size=size)
    # Batches of many are handed over together, and run side by side; single sentences come one after another.
    calls = [[row for batch in batches for row in batch]] if size > 1 else batches

    def translate() -> None:
        for rows in calls:
            engine.run(Request(rows, options))

    return translate


def work(folder: str, system: str, cases: str, threads: str, clock: str) -> None:
    """A worker: answers a line on stdin with the seconds of the next case, and at its end with the peak memory."""
    torch.set_num_threads(int(threads))
    calls = itertools.cycle([call_of(Path(folder), system, case) for case in cases.split(",")])
    now = time.process_time if clock == "cpu" else time.perf_counter
    for _, call in zip(sys.stdin, calls, strict=False):
        started = now()
        call()
        print(now() - started, flush=True)
    print(high_water_mark(), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", default=list(CASES), metavar="|".join(CASES))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cpu-seconds", action="store_true", help="count the processor's time")
    parser.add_argument("--folder", type=Path, help="where to keep the model; used again when it is there")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    clock = "cpu" if options.cpu_seconds else "wall"
    results: dict[str, Any] = {}
    if options.out and options.out.is_file():
        results = json.loads(options.out.read_text())["cases"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        noted = folder / "sentences.txt"
        if not noted.is_file():
            noted.write_text(prepare(folder))
        words = noted.read_text()
        model = str(folder / "model")
        environment = {"OMP_NUM_THREADS": str(options.threads), "OMP_WAIT_POLICY": "passive"}
        arguments = ",".join(options.cases), str(options.threads), clock
        workers = {name: Worker([model, name, *arguments], environment) for name in systems()}
        taken: dict[tuple[str, str], list[float]] = defaultdict(list)
        for place in range(options.rounds + 1):
            for case in options.cases:
                for name, call in workers.items():
                    seconds = call()
                    if place:  # the first round warms up
                        taken[case, name].append(seconds)
        memory = {name: round(worker.close()) for name, worker in workers.items()}
    for case in options.cases:
        middle = {name: statistics.median(taken[case, name]) for name in workers}
        results[case] = {
            name: {
                "sentences_per_second": round(CASES[case][2] / seconds, 2),
                "ratio": round(middle[PUBLISHED] / seconds, 2),
                "target": TARGETS.get(name, {}).get(case),
                "peak_mib": memory[name],
            }
            for name, seconds in middle.items()
        }
        for name, row in results[case].items():
            target = f"  (target {row['target']})" if row["target"] else ""
            print(f"{case:10} {name:20} {row['sentences_per_second']:8.1f}/s  {row['ratio']:5.2f}x{target}", flush=True)
    if options.out:
        machine = describe_machine(choose_device("cpu"))
        described = {"machine": machine, "threads": options.threads, "clock": clock, "sentences": words}
        options.out.write_text(json.dumps({**described, "output_length": LENGTH, "cases": results}, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        work(*sys.argv[2:])
    else:
        main()
