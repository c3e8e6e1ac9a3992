"""What penalties and terms have in common: a weight that may be a schedule over samples seen."""

from __future__ import annotations

from typing import Any

from toolkit.testing.subject import Subject

_FADING = {"name": "linear", "start": 2.0, "end": 0.5, "samples": 100}


def check_weight(subject: Subject, part: Any, **context: Any) -> None:
    """`weight` is a function of samples seen; where the constructor takes one, it takes a schedule as well.

    Args:
        subject: the part under test.
        part: it, built.
        context: what it was built with.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    weight = getattr(part, "weight", None)
    subject.must(callable(weight), "has an attribute `weight`, a function of samples seen")
    assert callable(weight)
    for samples in (0, 10_000):
        subject.must(isinstance(weight(samples), float), "has a weight that is a number at any time")
    if not subject.takes("weight") or "weight" in subject.overrides:
        return
    again = Subject(subject.kind, subject.name if subject.registered else subject.part, subject.overrides)
    again.overrides["weight"] = _FADING
    faded = again.build(**context).weight
    found = [faded(samples) for samples in (0, 50, 100, 1000)]
    subject.must(found == [2.0, 1.25, 0.5, 0.5], f"follows the schedule given as its weight, got {found}")
