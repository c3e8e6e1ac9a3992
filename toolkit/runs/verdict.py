"""The result of an evaluation, as one plain document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.data.source import Skipped
from toolkit.metrics.comparison import Comparison


def verdict(
    what: Mapping[str, Any],
    found: Comparison,
    *,
    real: str,
    real_samples: int,
    samples: int,
    features: str | None,
    fid: bool,
    seed: int,
    classes: Sequence[str],
    notes: Sequence[str],
    left_out: Sequence[Skipped],
) -> dict[str, Any]:
    """Put what was compared, how, and what came out into one document, for JSON and for the command line.

    Args:
        what: names what was evaluated: `{"model": path}` or `{"generated": path}`.
        found: the numbers.
        real: words for the real data.
        real_samples: how many there were.
        samples: how many were compared with them.
        features: name of the extractor; `None` where nothing was compared in features.
        fid: whether a Fréchet distance is comparable with published FIDs.
        seed: of the samples.
        classes: names of the labels in `found.per_class`.
        notes: sentences about what was done to the data.
        left_out: files that could not be used.
    """
    document: dict[str, Any] = {**what, "real": real, "real_samples": real_samples, "samples": samples}
    if features is not None:
        document |= {"features": features, "fid_comparable": fid}
    document |= {"seed": seed, "metrics": found.values, "intervals": found.half_widths}
    if found.per_class:
        document["per_class"] = {_name(classes, label): numbers for label, numbers in found.per_class.items()}
    if found.skipped:
        document["skipped"] = {_named(classes, key): reason for key, reason in found.skipped.items()}
    if left_out:
        document["left_out"] = [f"{problem.path}: {problem.reason}" for problem in left_out]
    document["notes"] = list(dict.fromkeys(notes))
    return document


def _name(classes: Sequence[str], label: int) -> str:
    return classes[label] if 0 <= label < len(classes) else str(label)


def _named(classes: Sequence[str], key: str) -> str:
    """`class 3: kernel` with the class's name."""
    head, separator, rest = key.partition(":")
    word, _, number = head.partition(" ")
    return f"class {_name(classes, int(number))}{separator}{rest}" if word == "class" and number.isdecimal() else key
