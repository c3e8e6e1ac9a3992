"""The rules by which a run on somebody's recordings is planned: each a function from what was seen to a choice.

The numbers are rules of thumb from what was measured with this toolkit on a processor of two cores, and from published
recipes for graphics cards; `docs/speech.md` tells which is which.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

FORMATS: dict[int, dict[str, Any]] = {
    16_000: {"n_fft": 1024, "hop_length": 256, "win_length": 1024, "mels": 80, "fmax": None},
    22_050: {"n_fft": 1024, "hop_length": 256, "win_length": 1024, "mels": 80, "fmax": 8000.0},
    24_000: {"n_fft": 1024, "hop_length": 256, "win_length": 1024, "mels": 100, "fmax": None},
    44_100: {"n_fft": 2048, "hop_length": 512, "win_length": 2048, "mels": 128, "fmax": None},
    48_000: {"n_fft": 2048, "hop_length": 512, "win_length": 2048, "mels": 128, "fmax": None},
}
"""Mel settings by sample rate. 22,050 Hz is the format of HiFi-GAN and of most acoustic models for speech."""

MACHINES: dict[str, dict[str, Any]] = {
    "cpu": {
        "steps": 22_000,
        "warm_up": 20_000,
        "batch_size": 4,
        "segment": 16_384,
        "highest_rate": 22_050,
        "feature_matching": 0.2,  # of light discriminators that learned for minutes: more only blurs
    },
    "gpu": {
        "steps": 120_000,
        "warm_up": 10_000,
        "batch_size": 32,
        "segment": 16_384,
        "highest_rate": 48_000,
        "feature_matching": 2.0,
    },
}
"""How long, and on what, by machine: about two hours of two cores, or half an hour of a large graphics card."""

LONGEST = 15.0
"""Seconds of a recording; longer ones are cut into equal pieces, so that a book in one file has held-out parts too."""

SHARES: tuple[dict[str, float], ...] = (
    {"train": 0.92, "validation": 0.03, "test": 0.05},
    {"train": 0.8, "validation": 0.1, "test": 0.1},
    {"train": 0.6, "validation": 0.2, "test": 0.2},
    {"train": 0.4, "validation": 0.3, "test": 0.3},
)
"""What is held out to choose by and to test with; of few recordings more, or it would be none."""

_FEW = 300.0  # seconds of speech below which a vocoder learns its recordings by heart


@dataclass(frozen=True)
class Choice:
    """Something chosen, and why, in a sentence for the user."""

    value: Any
    why: str


def sample_rate(rates: dict[int, int], machine: str) -> Choice:
    """The sample rate to learn at.

    Args:
        rates: how many recordings have which rate.
        machine: `cpu` or `gpu`.
    """
    usual = max(rates, key=lambda rate: (rates[rate], rate))
    highest = MACHINES[machine]["highest_rate"]
    fitting = [rate for rate in FORMATS if rate <= min(usual, highest)]
    chosen = fitting[-1] if fitting else min(FORMATS)
    share = f"{rates[usual]} of {sum(rates.values())} recordings have {usual:,} Hz"
    if chosen == usual:
        return Choice(chosen, f"sample rate {chosen:,} Hz: {share}")
    if usual > highest:
        return Choice(
            chosen, f"sample rate {chosen:,} Hz: {share}; more costs a processor in proportion (data.sample_rate=44100)"
        )
    return Choice(chosen, f"sample rate {chosen:,} Hz: {share}; mel settings are known for {_listed(list(FORMATS))} Hz")


def length(seconds: float, machine: str) -> Choice:
    """Steps in all."""
    steps, batch, segment = (MACHINES[machine][name] for name in ("steps", "batch_size", "segment"))
    return Choice(
        steps,
        f"{steps:,} steps of {batch} stretches of {segment:,} samples, the first {MACHINES[machine]['warm_up']:,} on "
        f"spectra alone, without discriminators, which is cheap",
    )


def split(counts: Callable[[Mapping[str, float]], Mapping[str, int]]) -> Choice:
    """Shares of training, validation and test recordings, so that none of the three is without one.

    Args:
        counts: how many recordings each split gets with such shares. (A recording's split depends on its name alone.)

    Returns:
        The shares; where recordings are too few to hold any out, all to training.
    """
    for shares in SHARES:
        found = counts(shares)
        if all(found.get(name) for name in shares):
            words = ", ".join(f"{found[name]} {what}" for name, what in _USES.items())
            return Choice(dict(shares), f"split: {words}")
    everything = {"train": 1.0, "validation": 0.0, "test": 0.0}
    return Choice(everything, "split: all recordings to learn from; they are too few to hold any out, or to measure on")


_USES = {"train": "recordings to learn from", "validation": "to choose by", "test": "to test with"}


def networks(machine: str) -> Choice:
    """Generator and discriminators, as sections of a recipe."""
    if machine == "gpu":
        generator: dict[str, Any] = {"name": "vocos", "channels": 512, "hidden": 1536, "blocks": 8}
        period: dict[str, Any] = {"name": "multi_period"}
        resolution: dict[str, Any] = {"name": "multi_resolution"}
        why = "networks vocos 512/1536/8 (13.5 million parameters) against the published discriminators"
    else:
        generator = {"name": "vocos", "channels": 256, "hidden": 768, "blocks": 6}
        period = {"name": "multi_period", "width": 8}
        resolution = {"name": "multi_resolution", "channels": 8, "resolutions": [1024, 512, 256]}
        why = "networks vocos 256/768/6 (2.8 million parameters) against light discriminators: made for a processor"
    return Choice({"generator": generator, "discriminators": {"period": period, "resolution": resolution}}, why)


def notices(seconds: float, left_out: int, usable: int) -> list[str]:
    """What the user should know of the recordings."""
    found = []
    if seconds < _FEW:
        found.append(
            f"only {seconds / 60:.1f} minutes of usable recordings: a vocoder for other sentences of the same voice "
            "wants ten minutes at least, and an hour is better"
        )
    if left_out:
        found.append(f"{left_out} of {left_out + usable} recordings were left out; the run lists them with reasons")
    return found


def _listed(rates: list[int]) -> str:
    return ", ".join(f"{rate:,}" for rate in rates)
