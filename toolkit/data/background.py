"""Work done ahead of its use: one thread makes the batches in order, a few more decode their items."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, TypeAlias, TypeVar

Work = TypeVar("Work")
Made = TypeVar("Made")
Mapper: TypeAlias = Callable[..., Iterable[Any]]
"""The built-in `map`, or a thread pool's."""

_NAME = "toolkit-data"
_MOST_THREADS = 8


def default_threads() -> int:
    """As many threads as this process has processors, at most 8."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(available or 1, _MOST_THREADS))


def in_background(
    make: Callable[[Work, Mapper], Made], work: Iterable[Work], depth: int, threads: int
) -> Iterator[Made]:
    """`make(one, map)` for each piece of work, in order, up to `depth` pieces ahead of the consumer.

    The threads end when the iterator is closed, exhausted or garbage-collected, after the piece in hand. What `make`
    raises is raised here, at the piece it belongs to.

    Args:
        make: called in a background thread; the mapper it is given spreads calls over the decoding threads.
        work: may be endless.
        depth: pieces made ahead; 0 makes each in the caller's thread, when it is asked for.
        threads: decoding threads.
    """
    if depth == 0:
        for one in work:
            yield make(one, map)
        return
    decoders = ThreadPoolExecutor(threads, f"{_NAME}-item")
    maker = ThreadPoolExecutor(1, f"{_NAME}-batch")
    todo = iter(work)
    pending = deque(maker.submit(make, one, decoders.map) for one in islice(todo, depth))
    try:
        while pending:
            made = pending.popleft().result()
            pending.extend(maker.submit(make, one, decoders.map) for one in islice(todo, 1))
            yield made
    finally:
        # The garbage collector may run this in one of the threads themselves, which cannot wait for itself.
        wait = not threading.current_thread().name.startswith(_NAME)
        maker.shutdown(wait=wait, cancel_futures=True)
        decoders.shutdown(wait=wait, cancel_futures=True)
