"""How the threads of a command wait for each other, settled before torch is loaded: OpenMP reads it once.

Threads that spin while they wait cost a busy machine 1.5 to 5 times the time, so commands wait passively. A vocoder
has many short operations, and waking threads then takes a third of its time: where nobody else computes, it lets them
spin for about a millisecond. `benchmarks/README.md`, "Vocoders", has the figures.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_POLICY = "OMP_WAIT_POLICY"
_SPINS = "GOMP_SPINCOUNT"
_TURNS = "30000"
_LOAD = Path("/proc/loadavg")
_chosen_here = False


def wait_passively() -> None:
    """Let idle threads sleep, unless the user's environment says otherwise."""
    global _chosen_here
    if not any(name in os.environ for name in (_POLICY, _SPINS)):
        os.environ[_POLICY] = "passive"
        _chosen_here = True


def spin_if_quiet(load: Path = _LOAD) -> bool:
    """Let threads spin shortly where the machine has nothing else to do; whether they will.

    It does nothing when the user has chosen, when torch is loaded already, and where the load cannot be seen.

    Args:
        load: a file like Linux's `/proc/loadavg`, whose fourth field begins with the number of runnable threads.
    """
    if not _chosen_here or "torch" in sys.modules:
        return False
    try:
        others = int(load.read_text().split()[3].split("/")[0]) - 1  # one of them is this one
    except (OSError, IndexError, ValueError):  # another system: the careful choice stands
        return False
    if others > (os.cpu_count() or 1) // 8:
        return False
    os.environ[_SPINS] = _TURNS
    return True
