"""The rules by which a voice for somebody's recordings is planned: each a function from what was seen to a choice.

The numbers are rules of thumb; `docs/voices.md`, "How the choices are made", says what they rest on.
"""

from __future__ import annotations

from typing import Any

from toolkit.speech.choices import Choice

RATE = 22_050
"""Samples per second: the format of the vocoder that comes with the toolkit, and of most vocoders for speech."""

SIZES: tuple[tuple[float, int, int, int, float, float], ...] = (
    (20 * 60, 128, 3, 4, 0.3, 0.2),
    (90 * 60, 160, 4, 5, 0.2, 0.15),
    (float("inf"), 192, 4, 6, 0.1, 0.05),
)
"""Up to so many seconds of speech: width, blocks of encoder and decoder, dropout of predictors and of blocks."""

STEPS = {"cpu": (2_000, 8_000), "gpu": (2_000, 60_000)}
"""Fewest and most steps by machine."""

TOKENS = {"cpu": 3_000, "gpu": 12_000}
"""Frames in a batch by machine."""

PASSES = 50
"""Times that training meets each recording, within the limits of `STEPS`."""

FEW_SECONDS = 300.0
"""Speech below which no voice can be expected."""


def network(seconds: float) -> Choice:
    """The generator, as a section of a recipe."""
    width, encoder, decoder, dropout, blocks = next(row[1:] for row in SIZES if seconds <= row[0])
    spec: dict[str, Any] = {
        "name": "acoustic",
        "width": width,
        "encoder_blocks": encoder,
        "decoder_blocks": decoder,
        "dropout": dropout,
        "block_dropout": blocks,
    }
    return Choice(spec, f"network {width} wide, {encoder} + {decoder} blocks, for {seconds / 60:.1f} minutes of speech")


def steps(frames: int, machine: str) -> Choice:
    """How long to train.

    Args:
        frames: of all recordings.
        machine: `cpu` or `gpu`.
    """
    tokens = TOKENS[machine]
    fewest, most = STEPS[machine]
    wanted = round(PASSES * frames / tokens / 500) * 500
    chosen = min(max(wanted, fewest), most)
    return Choice(
        chosen,
        f"{chosen:,} steps of {tokens:,} frames: every recording is met about "
        f"{chosen * tokens / max(frames, 1):.0f} times",
    )


def notices(seconds: float, recordings: int, left_out: int) -> list[str]:
    """What the user should know of the recordings."""
    found = []
    if seconds < FEW_SECONDS:
        found.append(
            f"only {seconds / 60:.1f} minutes of usable speech: words may be understood after half an hour of "
            "recordings, and an hour is better"
        )
    if left_out:
        found.append(f"{left_out} lines or recordings were left out, {recordings} are used; the run lists them all")
    return found
