"""Vocoders on the CPU, from mel spectrogram to waves: every path of the toolkit against the published code.

    python benchmarks/vocoder_inference.py --out benchmarks/results/vocoder_inference.json
    python benchmarks/vocoder_inference.py vocos-small vocos --seconds 5 --rounds 5
    python benchmarks/vocoder_inference.py --no-speed --weights small=MODEL --recordings DIR --out quality.json

Batch 1, 22.05 kHz, random weights, two threads. Every variant has a process of its own (`workers.py`), rounds are
interleaved, medians compared (up to 10 s: of the last of three calls in a row). Published code runs as it is published
(`published_vocoders.py`), with OpenMP's default waiting policy, the toolkit with the one that its command sets. "x" is
seconds of audio per second. Every path of the toolkit is timed on the whole spectrogram, and in stretches of two
seconds; `auto` is what `toolkit vocode` does.

With `--weights`, trained models are asked what bfloat16 costs: PESQ of the bfloat16 copy against the float32 copy of
the same recordings, and of both against the recordings.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
from published_vocoders import published_vocoder
from workers import Worker, interleaved, serve

from toolkit.config import build
from toolkit.engine.device import choose_device, describe_machine, has_fast_bf16, tune_allocator
from toolkit.runs import load
from toolkit.speech.audio_format import AudioFormat
from toolkit.speech.files import audio_files, read_audio
from toolkit.speech.onnx_path import example_mel
from toolkit.speech.paths import available_paths
from toolkit.speech.signal_metrics.pesq import Pesq
from toolkit.speech.vocoder_pipeline import VocoderPipeline

PUBLISHED = "published"
AUTO = "auto"
CHUNKED = ", stretches of 2 s"
FORMAT = AudioFormat()
_VOCOS = {"name": "vocos", "mels": 80, "hop_length": 256, "n_fft": 1024}
_HIFIGAN = {"name": "hifigan", "mels": 80, "hop_length": 256}
CASES: dict[str, dict[str, Any]] = {
    "vocos-small": {**_VOCOS, "channels": 256, "hidden": 768, "blocks": 6},
    "vocos": {**_VOCOS, "channels": 512, "hidden": 1536, "blocks": 8},
    "hifigan-v1": {**_HIFIGAN, "shape": "v1"},
    "hifigan-v2": {**_HIFIGAN, "shape": "v2"},
    "hifigan-v3": {**_HIFIGAN, "shape": "v3"},
    "istftnet": {"name": "istftnet", "mels": 80, "hop_length": 256},
    "speecht5": {**_HIFIGAN, "shape": "v1", "rates": [4, 4, 4, 4], "kernels": [8, 8, 8, 8]},
}
TARGETS = {"vocos-small": 200, "vocos": 107, "hifigan-v2": 55, "hifigan-v3": 55}
"""Real-time factors that the best path should reach on 5 s, on two cores."""
RATES = {"speecht5": 16000}
WAITING: dict[str, dict[str, str | None]] = {
    "short": {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "30000"},  # `toolkit vocode` on a machine at rest
    "passive": {"OMP_WAIT_POLICY": "passive"},  # ... beside neighbours that compute
    "default": {"OMP_WAIT_POLICY": None},
}
"""How the toolkit's threads wait for each other: see `toolkit.cli.waiting`."""
SLOW = ("hifigan-v1", "istftnet", "speecht5")
"""Several seconds of computing per run: fewer rounds for long inputs."""


def variants(case: str) -> list[str]:
    """What is timed beside the published code."""
    paths = available_paths(torch.device("cpu"))
    return [name for path in paths for name in (path, path + CHUNKED)] + [AUTO]


def call_of(case: str, variant: str, seconds: str) -> Callable[[], Any]:
    """A run of one variant on so many seconds of mel."""
    torch.manual_seed(0)
    rate = RATES.get(case, FORMAT.sample_rate)
    mel = example_mel(80, round(float(seconds) * rate / 256))
    if variant == PUBLISHED:
        plain = published_vocoder(case)
        return torch.inference_mode()(lambda: plain(mel))
    tune_allocator()  # as `toolkit vocode` does
    format = AudioFormat(sample_rate=rate)
    pipeline = VocoderPipeline(build("generators", CASES[case]), format, {"generator": CASES[case]})
    path = variant.removesuffix(CHUNKED)
    pipeline.compute_in(path)
    if path != AUTO:
        pipeline.chunk_frames = round(2 * format.frame_rate) if variant.endswith(CHUNKED) else mel.shape[2]
    return lambda: pipeline.vocode(mel)


def parameters_agree(case: str) -> None:
    """See that the published network and the toolkit's have the same size, or comparing them would mean nothing."""
    ours = VocoderPipeline(build("generators", CASES[case]), AudioFormat(sample_rate=RATES.get(case, 22050)))
    sizes = [
        sum(value.numel() for value in network.parameters()) for network in (ours.exportable, published_vocoder(case))
    ]
    if sizes[0] != sizes[1]:
        raise SystemExit(f"{case}: the toolkit's network has {sizes[0]} parameters, the published one {sizes[1]}")


def compare(case: str, seconds: float, rounds: int, waiting: str) -> dict[str, Any]:
    peers = {"OMP_WAIT_POLICY": None}
    ours = WAITING[waiting]
    workers = {PUBLISHED: Worker([case, PUBLISHED, str(seconds)], peers)}
    for name in variants(case):
        workers[name] = Worker([case, name, str(seconds)], ours)
        workers[name]()  # one after the other: `auto` measures itself on starting, which nobody may disturb
    found = interleaved(workers, rounds)
    first = found[PUBLISHED][0]
    rows = []
    for name, (taken, mebibytes) in found.items():
        row = {
            "variant": name,
            "seconds": round(taken, 4),
            "real_time_factor": round(seconds / taken, 2),
            "ratio": round(first / taken, 2),
            "peak_mib": round(mebibytes),
        }
        rows.append(row)
        print(
            f"{case:12} {seconds:4.0f} s  {name:28} {row['real_time_factor']:8.1f}x real time "
            f"{row['ratio']:5.2f}x published  {row['peak_mib']:5} MiB",
            flush=True,
        )
    best = max(rows[1:], key=lambda row: float(row["real_time_factor"]))
    target = TARGETS.get(case) if seconds == 5 else None
    print(
        f"{case:12} {seconds:4.0f} s  best: {best['variant']}, {best['real_time_factor']}x (target {target})",
        flush=True,
    )
    return {
        "case": case,
        "seconds_of_audio": seconds,
        "rounds": rounds,
        "variants": rows,
        "best": best["variant"],
        "target": target,
    }


# -- what bfloat16 costs ----------------------------------------------------------------------------------------------


def quality(name: str, model: Path, recordings: Path, limit: int) -> dict[str, Any]:
    """PESQ of bfloat16 copies against float32 copies of the same recordings, and of both against the recordings."""
    pipeline, pesq = load(model, "cpu"), Pesq()
    rate = pipeline.format.sample_rate
    rows = []
    for key, path in audio_files(recordings)[:limit]:
        wave = torch.from_numpy(read_audio(path, rate)[0])
        exact = pipeline.compute_in("float32").copy_synthesis(wave)
        narrow = pipeline.compute_in("bfloat16").copy_synthesis(wave)
        noise = (exact - narrow).square().sum()
        rows.append(
            {
                "recording": key,
                "bfloat16_against_float32": pesq(exact, narrow, rate)["pesq"],
                "float32_against_recording": pesq(wave, exact, rate)["pesq"],
                "bfloat16_against_recording": pesq(wave, narrow, rate)["pesq"],
                "decibels": float(10 * torch.log10(exact.square().sum() / noise)),
            }
        )
    if not rows:
        raise SystemExit(f"{recordings} holds no recordings")
    means = {field: statistics.fmean(row[field] for row in rows) for field in rows[0] if field != "recording"}
    lowest = min(row["bfloat16_against_float32"] for row in rows)
    print(
        f"{name}: PESQ of bfloat16 against float32 {means['bfloat16_against_float32']:.3f} (lowest {lowest:.3f}, "
        f"wanted 4.2), {means['decibels']:.1f} dB; against the recordings "
        f"{means['float32_against_recording']:.3f} in float32, {means['bfloat16_against_recording']:.3f} in bfloat16",
        flush=True,
    )
    return {"name": name, "model": str(model), "lowest": lowest, "means": means, "recordings": rows}


# -- the command ------------------------------------------------------------------------------------------------------


def cases_of(names: list[str]) -> Iterator[str]:
    for name in names:
        if name == "speecht5" and importlib.util.find_spec("transformers") is None:
            print("speecht5: transformers is not installed, so it is left out", flush=True)
            continue
        parameters_agree(name)
        yield name


def main() -> None:
    if sys.argv[1:2] == ["worker"]:
        case, seconds = sys.argv[2], float(sys.argv[4])
        serve(call_of(*sys.argv[2:]), calls=1 if case in SLOW or seconds > 10 else 3)
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=list(CASES), help=", ".join(CASES))
    parser.add_argument("--seconds", type=float, nargs="+", default=[5, 10, 60])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--waiting", choices=list(WAITING), default="short", help="the toolkit's")
    parser.add_argument("--no-speed", action="store_true", help="only --weights")
    parser.add_argument("--weights", action="append", default=[], metavar="NAME=MODELFOLDER")
    parser.add_argument("--recordings", type=Path, help="for --weights: a folder of recordings")
    parser.add_argument("--limit", type=int, default=20, help="for --weights: how many recordings")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    if arguments.weights and not arguments.recordings:
        parser.error("--weights needs --recordings DIR")
    os.environ["OMP_NUM_THREADS"] = str(arguments.threads)  # workers inherit it
    torch.set_num_threads(arguments.threads)
    result: dict[str, Any] = {
        "machine": {**describe_machine(choose_device("cpu")), "waiting_policy": arguments.waiting},
        "fast_bfloat16": has_fast_bf16(torch.device("cpu")),
        "cases": [],
        "bfloat16": [],
    }

    def keep() -> None:  # after every case: a run takes long
        if arguments.out:
            arguments.out.parent.mkdir(parents=True, exist_ok=True)
            arguments.out.write_text(json.dumps(result, indent=2) + "\n")

    for case in () if arguments.no_speed else cases_of(arguments.cases):
        for seconds in arguments.seconds:
            slow = case in SLOW and seconds > 5
            result["cases"].append(
                compare(case, seconds, min(arguments.rounds, 3) if slow else arguments.rounds, arguments.waiting)
            )
            keep()
    for entry in arguments.weights:
        name, _, model = entry.partition("=")
        result["bfloat16"].append(quality(name, Path(model), arguments.recordings, arguments.limit))
        keep()


if __name__ == "__main__":
    main()
