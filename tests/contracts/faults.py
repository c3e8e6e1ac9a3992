"""Faulty parts note themselves here, each with the rule that its suite must name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FAULTS: list[tuple[str, Callable[..., Any], str]] = []


def fault(kind: str, rule: str) -> Callable[[type], type]:
    """Note a faulty part, with a pattern of the message that its suite must give."""

    def add(part: type) -> type:
        FAULTS.append((kind, part, rule))
        return part

    return add
