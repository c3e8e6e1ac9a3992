from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from toolkit.engine import host
from toolkit.engine.host import (
    available_cores,
    choose_threads,
    processor_flags,
    processor_name,
    processor_vendor,
    waiting_policy,
)
from toolkit.errors import ToolkitError

X86 = (
    "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: Some CPU @ 2 GHz\nflags\t\t: fpu sse avx512_bf16\n\n"
    "processor\t: 1\nflags\t\t: fpu\n"
)
ARM = "processor\t: 0\nFeatures\t: fp asimd bf16\nCPU implementer\t: 0x41\n"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "LOCAL_WORLD_SIZE", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)


def test_the_processor_is_read_from_what_the_kernel_lists(tmp_path: Path) -> None:
    for name, text in (("x86", X86), ("arm", ARM), ("empty", "")):
        (tmp_path / name).write_text(text)
    assert processor_flags(tmp_path / "x86") == {"fpu", "sse", "avx512_bf16"}
    assert processor_flags(tmp_path / "arm") == {"fp", "asimd", "bf16"}
    assert processor_flags(tmp_path / "empty") == processor_flags(tmp_path / "missing") == frozenset()
    assert processor_name(tmp_path / "x86") == "Some CPU @ 2 GHz"
    assert processor_name(tmp_path / "missing")
    assert processor_vendor(tmp_path / "x86") == "AuthenticAMD"
    assert processor_vendor(tmp_path / "arm") == processor_vendor(tmp_path / "missing") == ""


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "250000 100000\n"}, 3),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "9900000 100000\n"}, 8),
        ({"cpu.max": "nonsense"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
    ],
)
def test_cores_are_those_of_the_affinity_and_of_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, str], cores: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert available_cores(tmp_path) == cores


def test_threads_are_the_cores_shared_among_the_processes_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "available_cores", lambda: 8)
    assert choose_threads() == 8
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    assert choose_threads("auto") == 2
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert choose_threads("auto") == 1


def test_the_environment_and_above_it_the_recipe_decide_about_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5,2")
    assert choose_threads("auto") == 5
    assert choose_threads(3) == 3


@pytest.mark.parametrize("bad", [0, -1, "many"])
def test_numbers_of_threads_that_make_no_sense_are_refused(monkeypatch: pytest.MonkeyPatch, bad: int | str) -> None:
    with pytest.raises(ToolkitError, match=f"the number of threads is '{bad}'"):
        choose_threads(bad)  # type: ignore[arg-type]
    monkeypatch.setenv("OMP_NUM_THREADS", str(bad))
    with pytest.raises(ToolkitError, match=f"OMP_NUM_THREADS is '{bad}'"):
        choose_threads()


@pytest.mark.parametrize(
    ("value", "policy"), [(None, "default"), ("", "default"), ("PASSIVE", "passive"), ("active", "active")]
)
def test_the_waiting_policy_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str | None, policy: str
) -> None:
    if value is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", value)
    assert waiting_policy() == policy


def test_memory_is_plausible() -> None:
    memory = host.memory_gib()
    assert memory is None or 0.2 < memory < 100_000


FAULTS = """
import resource, torch
from toolkit.engine.device import tune_allocator

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def work():
    before = faults()
    for _ in range(20):
        torch.ones(12_000_000)  # 48 MB
    return faults() - before

work()
plain = work()
assert tune_allocator() is True
assert tune_allocator() is True
work()
print(plain, work())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
def test_the_tuned_allocator_hands_out_the_same_pages_again() -> None:
    done = subprocess.run([sys.executable, "-c", FAULTS], capture_output=True, text=True, check=True)
    plain, tuned = map(int, done.stdout.split())
    assert tuned * 4 < plain  # by default every tensor gets fresh pages


def test_without_glibc_the_allocator_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert host.tune_allocator.__wrapped__() is False
