"""Streaming of a trained vocoder: how long until audio is heard, and whether it is the same audio.

    python benchmarks/vocoder_streaming.py vocoder-small DIR --out benchmarks/results/vocoder_streaming.json

Mel frames of recordings are fed a tenth of a second at a time, as an acoustic model would make them. "First audio" is
the time from the call with the frame that completes the first piece (a tenth of a second of audio and the frames after
it that the network sees) to the samples; "whole mel" the same where an acoustic model gives everything at once.
Differences are between the joined pieces and the wave decoded at once.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from toolkit.cli.waiting import spin_if_quiet, wait_passively

wait_passively()
spin_if_quiet()

from toolkit.engine.device import choose_device, describe_machine  # noqa: E402
from toolkit.runs import load  # noqa: E402
from toolkit.speech.files import audio_files, read_audio  # noqa: E402
from toolkit.speech.paths import available_paths  # noqa: E402
from toolkit.speech.vocoder_pipeline import VocoderPipeline  # noqa: E402

FED_SECONDS = 0.1


def measure(pipeline: VocoderPipeline, mel_MT: torch.Tensor) -> dict[str, float]:
    """Milliseconds until the first piece, both ways of feeding, and the largest difference of a sample."""
    whole = pipeline.vocode(mel_MT)[0, 0]
    step = max(1, round(FED_SECONDS * pipeline.format.frame_rate))
    streamer = pipeline.streamer()
    pieces, first, started = [], None, time.perf_counter()
    for part in mel_MT.split(step, dim=1):
        begun = time.perf_counter()
        found = streamer.feed(part)
        if found and first is None:
            first = time.perf_counter() - begun
        pieces += found
    pieces += streamer.finish()
    taken = time.perf_counter() - started
    begun = time.perf_counter()
    next(iter(pipeline.stream(mel_MT)))
    at_once = time.perf_counter() - begun
    return {
        "first_audio_ms": 1000 * (taken if first is None else first),
        "first_audio_whole_mel_ms": 1000 * at_once,
        "real_time_factor": mel_MT.shape[1] / pipeline.format.frame_rate / taken,
        "largest_difference": float((torch.cat(pieces) - whole).abs().max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    device = choose_device("cpu")
    pipeline = load(arguments.model, "cpu")
    rate, frame_rate = pipeline.format.sample_rate, pipeline.format.frame_rate
    waves = [
        torch.from_numpy(read_audio(path, rate)[0]) for _, path in audio_files(arguments.recordings)[: arguments.limit]
    ]
    if not waves:
        raise SystemExit(f"{arguments.recordings} holds no recordings")
    lag = (pipeline.decoder.context_frames + round(FED_SECONDS * frame_rate)) / frame_rate
    result: dict[str, Any] = {
        "machine": describe_machine(device),
        "model": Path(arguments.model).name,
        "mel_seconds_before_first_audio": round(lag, 3),
        "paths": {},
    }
    for path in available_paths(device):
        pipeline.compute_in(path).warm_up()
        rows = [measure(pipeline, pipeline.mel(wave)[0]) for wave in waves]
        found = {
            f"{kind}_{name}": round(function(row[name] for row in rows), 7)
            for name in rows[0]
            for kind, function in (("median", statistics.median), ("worst", min if "factor" in name else max))
        }
        result["paths"][path] = found
        print(
            f"{path:9} first {found['median_first_audio_ms']:.1f} ms (worst {found['worst_first_audio_ms']:.1f}), "
            f"of a whole mel {found['median_first_audio_whole_mel_ms']:.1f} ms; "
            f"{found['median_real_time_factor']:.0f}x real time in steps of {FED_SECONDS} s; "
            f"largest difference {found['worst_largest_difference']:.1e}",
            flush=True,
        )
    if arguments.out:
        arguments.out.parent.mkdir(parents=True, exist_ok=True)
        arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
