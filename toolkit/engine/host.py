"""The processor and its memory: what it can do, how many threads to use, how glibc should hand out memory."""

from __future__ import annotations

import ctypes
import functools
import math
import os
import platform
from pathlib import Path
from typing import Literal

from toolkit.errors import ToolkitError

_CPUINFO = Path("/proc/cpuinfo")
_CGROUP = Path("/sys/fs/cgroup")

# Parameters of mallopt(3) and their values here.
_ALLOCATOR = {
    -4: 0,  # M_MMAP_MAX: never map a tensor by itself
    -1: 2**31 - 1,  # M_TRIM_THRESHOLD: never give freed memory back
    -2: 64 * 2**20,  # M_TOP_PAD: grow in large strides
}


@functools.cache
def processor_flags(cpuinfo: Path = _CPUINFO) -> frozenset[str]:
    """Instruction sets of the processor, by the kernel's names; empty where the kernel does not list them."""
    for key in ("flags", "Features"):  # x86, ARM
        line = _cpuinfo_line(cpuinfo, key)
        if line:
            return frozenset(line.split())
    return frozenset()


def processor_name(cpuinfo: Path = _CPUINFO) -> str:
    """The processor's model name, or its architecture where the name is unknown."""
    return _cpuinfo_line(cpuinfo, "model name") or platform.processor() or platform.machine()


def processor_vendor(cpuinfo: Path = _CPUINFO) -> str:
    """The maker of an x86 processor, such as `AuthenticAMD`; empty where the kernel does not tell."""
    return _cpuinfo_line(cpuinfo, "vendor_id") or ""


def memory_gib() -> float | None:
    """Main memory in GiB; `None` where the system does not say."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (ValueError, OSError, AttributeError):  # not a POSIX system, or one without these names
        return None


@functools.cache
def tune_allocator() -> bool:
    """Keep freed tensors in the process instead of returning them to the kernel; later calls do nothing.

    By default glibc maps and unmaps every tensor above 32 MiB, and the kernel zeroes each page again at first touch: at
    large activations page faults were a quarter of the CPU time. Measured on two cores at batch 64: an SNGAN step took
    6.4 instead of 8.8 s, an R3GAN step 9.5 instead of 11.3 s, for a sixth more memory; small networks gain nothing.

    Returns:
        Whether the settings are in force; `False` without glibc (musl, macOS, Windows).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    accepted = [mallopt(parameter, value) == 1 for parameter, value in _ALLOCATOR.items()]
    return all(accepted)


def available_cores(cgroup: Path = _CGROUP) -> int:
    """Cores this process may use: its affinity, and the share a container grants it, rounded up."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    quota = _cgroup_quota(cgroup)
    return max(1, min(cores, math.ceil(quota))) if quota else cores


def choose_threads(threads: int | Literal["auto"] = "auto") -> int:
    """How many threads one process should compute with; give it to `torch.set_num_threads`.

    Args:
        threads: a number is taken as it is. `"auto"` takes `OMP_NUM_THREADS` when it is set (torchrun sets it to 1 for
            several processes), else the cores available, shared among the processes of this machine.

    Raises:
        ToolkitError: the number, or that in the environment, is not a positive one.
    """
    if threads != "auto":
        return _positive(threads, "the number of threads")
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()  # a list gives one number per nesting level
    if wanted:
        return _positive(wanted, "OMP_NUM_THREADS")
    neighbours = _positive(os.environ.get("LOCAL_WORLD_SIZE", "1"), "LOCAL_WORLD_SIZE")
    return max(1, available_cores() // neighbours)


def waiting_policy() -> Literal["active", "passive", "default"]:
    """How OpenMP threads wait for each other, by the environment variable `OMP_WAIT_POLICY`.

    By default they spin for a while before they sleep. When another process wants the same cores, spinning threads keep
    the working ones off them: training was 1.5 to 5 times slower beside a busy neighbour. Passive waiting sleeps at
    once. Its price on an otherwise idle machine is up to 1.5 times for networks of many small operations, nothing for
    large ones. The variable is read once, when torch is imported, so it must be set before:
    `OMP_WAIT_POLICY=passive toolkit train ...`.
    """
    policy = os.environ.get("OMP_WAIT_POLICY", "").strip().lower()
    if policy == "active":
        return "active"
    if policy == "passive":
        return "passive"
    return "default"


def _cpuinfo_line(cpuinfo: Path, key: str) -> str:
    """The value of the first line of that key; empty when there is none."""
    if not cpuinfo.is_file():
        return ""
    for line in cpuinfo.read_text(errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return ""


def _cgroup_quota(cgroup: Path) -> float | None:
    """Cores a container may use on average (cgroup version 2, then 1); `None` without a limit."""
    try:
        if (cgroup / "cpu.max").is_file():
            quota, period = (cgroup / "cpu.max").read_text().split()
        else:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        return float(quota) / float(period) if quota not in ("max", "-1") else None
    except (OSError, ValueError):  # no such interface here
        return None


def _positive(value: int | str, name: str) -> int:
    try:
        number = int(value)
    except ValueError:
        number = 0
    if number < 1:
        raise ToolkitError(f"{name} is '{value}'", "give a whole number of at least 1")
    return number
