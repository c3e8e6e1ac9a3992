"""The threads of commands that compute with networks once, and not in a loop of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def computing_threads() -> Iterator[None]:
    """As many threads as pay on this machine, and as many as before afterwards."""
    import torch

    from toolkit.engine.device import choose_threads

    before = torch.get_num_threads()
    torch.set_num_threads(choose_threads())
    try:
        yield
    finally:
        torch.set_num_threads(before)
