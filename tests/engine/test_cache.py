from __future__ import annotations

import os
from pathlib import Path

import pytest

from toolkit.engine.cache import CACHE_VARIABLE, cache_folder, keep_within


def test_the_cache_is_where_the_user_says_or_in_the_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("features") == tmp_path / "adversarial-toolkit" / "features"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder("features") == Path.home() / ".cache" / "adversarial-toolkit" / "features"
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "mine"))
    assert cache_folder("features") == tmp_path / "mine" / "features"


def test_what_was_used_longest_ago_goes_first_and_the_newest_always_stays(tmp_path: Path) -> None:
    for age, name in enumerate(("new", "middle", "old")):
        file = tmp_path / f"{name}.bin"
        file.write_bytes(bytes(100))
        os.utime(file, ns=(0, 10**9 * (10 - age)))
    (tmp_path / "other.txt").write_bytes(bytes(1000))
    assert keep_within(tmp_path, "*.bin", 250) == [tmp_path / "old.bin"]
    assert keep_within(tmp_path, "*.bin", 1) == [tmp_path / "middle.bin"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["new.bin", "other.txt"]
    assert keep_within(tmp_path / "nowhere", "*.bin", 1) == []
