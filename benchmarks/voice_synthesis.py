"""A voice from text to wave: times real time, the first sound of a stream, loading, memory.

    python benchmarks/voice_synthesis.py kathleen --out benchmarks/results/voice_synthesis.json

One sentence of about five seconds, model loaded, everything from the text on: normalisation, phonemes, acoustic model,
vocoder. Loading is timed in a process of its own, which imports everything; memory is that process's peak after it has
spoken. No other voice that pip alone brings, without a download, was found to compare with.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from toolkit.cli.waiting import spin_if_quiet, wait_passively

wait_passively()
spin_if_quiet()  # before torch, which reads it once

import torch  # noqa: E402

import toolkit  # noqa: E402
from toolkit.engine.device import choose_device, describe_machine  # noqa: E402

TEXT = "The young man walked down to the harbour, looked at the grey water and asked himself what he would do next."
ALONE = """
import json, resource, sys, time
begun = time.perf_counter()
import toolkit, torch
imported = time.perf_counter()
voice = toolkit.load(sys.argv[1], device="cpu")
loaded = time.perf_counter()
spoken = list(voice.speak(sys.argv[2]))
first = time.perf_counter()
print(json.dumps({
    "import_seconds": round(imported - begun, 2), "load_seconds": round(loaded - imported, 2),
    "first_sentence_seconds": round(first - loaded, 2),
    "peak_megabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
}))
"""


def alone(model: str) -> dict[str, Any]:
    """What a process pays that does nothing but speak once."""
    done = subprocess.run([sys.executable, "-c", ALONE, model, TEXT], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def speaking(voice: Any, rounds: int) -> dict[str, Any]:
    """Medians of whole sentences and of the first pieces of streams, and how far a stream is from the whole."""
    rate = voice.format.sample_rate
    whole = torch.cat([one.wave for one in voice.speak(TEXT)])
    streamed = torch.cat(list(voice.stream(TEXT)))
    seconds, first = [], []
    for _ in range(rounds):
        begun = time.perf_counter()
        list(voice.speak(TEXT))
        seconds.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        next(iter(voice.stream(TEXT)))
        first.append(time.perf_counter() - begun)
    return {
        "seconds_of_speech": round(len(whole) / rate, 2),
        "seconds_taken": round(statistics.median(seconds), 4),
        "times_real_time": round(len(whole) / rate / statistics.median(seconds), 1),
        "first_audio_milliseconds": round(1000 * statistics.median(first), 1),
        "stream_differs_by": float((whole - streamed).abs().max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default="kathleen")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    voice = toolkit.load(arguments.model, device="cpu")
    voice.warm_up()
    result = {
        "machine": describe_machine(choose_device("auto")),
        "model": arguments.model,
        "threads": torch.get_num_threads(),
        **speaking(voice, arguments.rounds),
        **alone(arguments.model),
    }
    print(json.dumps(result, indent=2))
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
