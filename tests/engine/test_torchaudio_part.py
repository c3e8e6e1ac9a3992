from __future__ import annotations

import subprocess
import sys
import time

import pytest
import torch

from toolkit.engine import torchaudio_part
from toolkit.engine.torchaudio_part import has_extension, torchaudio_functional
from toolkit.errors import MissingExtraError, ToolkitError


def _alone(program: str) -> str:
    """What a program prints in an interpreter of its own, where nothing is imported yet."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_resampling_and_filters_work_here_and_a_second_call_looks_them_up() -> None:
    functional = torchaudio_functional()
    assert functional.resample(torch.ones(1, 100), 100, 50).shape == (1, 50)
    assert functional.melscale_fbanks(9, 0.0, 8000.0, 4, 16000).shape == (9, 4)
    start = time.perf_counter()
    for _ in range(1000):
        assert torchaudio_functional() is functional
    assert time.perf_counter() - start < 0.5
    assert isinstance(has_extension(), bool)


REFUSED = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name == "torchaudio._extension":
            raise OSError("undefined symbol")
sys.meta_path.insert(0, Refuse())
"""


def test_an_extension_that_does_not_load_is_replaced_and_says_so_when_it_is_needed() -> None:
    said = _alone(
        REFUSED
        + """
from toolkit.speech import audio_format, checks, files, level, mel
print({"torchaudio", "librosa", "soundfile", "noisereduce", "numba"} & set(sys.modules))  # the floor imports none
from toolkit.engine.torchaudio_part import has_extension, torchaudio_functional
import torch
functional = torchaudio_functional()
print(has_extension(), functional.resample(torch.ones(1, 30), 3, 2).shape[-1])
import torchaudio  # by somebody else: it works from now on
print(torchaudio.functional is functional)
try:
    functional.forced_align(torch.zeros(1, 4, 3), torch.ones(1, 2, dtype=torch.int32))
except RuntimeError as error:
    print(error)
"""
    )
    assert said.splitlines() == [
        "set()",
        "False 20",
        "True",
        "forced_align needs the compiled extension of torchaudio, which does not load here",
    ]


def test_another_thing_wrong_with_torchaudio_is_reported_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: str) -> None:
        raise ImportError("no such luck")

    torchaudio_functional()  # its extension, or what stands for it, is there
    monkeypatch.delitem(sys.modules, "torchaudio.functional")
    monkeypatch.setattr(torchaudio_part, "require", broken)
    with pytest.raises(ToolkitError, match="installed, but cannot be imported: no such luck") as caught:
        torchaudio_functional()
    assert caught.value.way_out


def test_without_torchaudio_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchaudio"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "torchaudio", None)  # type: ignore[arg-type]
    with pytest.raises(MissingExtraError, match=r"adversarial-toolkit\[speech\]"):
        torchaudio_functional()
    assert issubclass(MissingExtraError, ToolkitError)
