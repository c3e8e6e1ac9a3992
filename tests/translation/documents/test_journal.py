"""An interrupted run loses nothing that was finished."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from toolkit.errors import DataError
from toolkit.translation.documents.journal import Journal
from toolkit.translation.documents.segment import Segment, Translated

ONE, TWO = Segment("1", "one"), Segment("2", "two")


def test_the_next_run_finds_what_was_finished(tmp_path: Path) -> None:
    output = tmp_path / "deep" / "out.po"
    with Journal(output) as journal:
        journal.add([(ONE, Translated("eins\nmit Zeile", True, "why")), (TWO, Translated("zwei \u2028\ud83d"))])
    with Journal(output) as journal:
        assert len(journal) == 2
        assert journal.get(ONE) == Translated("eins\nmit Zeile", True, "why")
        assert journal.get(TWO) == Translated("zwei \u2028\ud83d")
        assert journal.get(Segment("1", "changed")) is None
        journal.remove()
    assert list(output.parent.iterdir()) == []


def test_other_settings_find_nothing_and_lose_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "out", "model a") as journal:
        journal.add([(ONE, Translated("eins"))])
    with Journal(tmp_path / "out", "model b") as journal:
        assert journal.get(ONE) is None
        journal.add([(ONE, Translated("uno"))])
    with Journal(tmp_path / "out", "model a") as journal:
        assert journal.get(ONE) == Translated("eins")


@pytest.mark.parametrize("cut", range(1, 40, 6))
def test_a_line_that_was_cut_off_is_dropped_and_written_over(tmp_path: Path, cut: int) -> None:
    with Journal(tmp_path / "out") as journal:
        journal.add([(ONE, Translated("eins"))])
        journal.add([(TWO, Translated("zwei"))])
        path = journal.path
    path.write_bytes(path.read_bytes()[:-cut])
    with Journal(tmp_path / "out") as journal:
        assert journal.get(ONE) == Translated("eins")
        assert journal.get(TWO) is None
        journal.add([(TWO, Translated("zwei"))])
    assert all(json.loads(line) for line in path.read_text().splitlines())
    with Journal(tmp_path / "out") as journal:
        assert journal.get(TWO) == Translated("zwei")


def test_a_batch_is_on_the_disk_when_it_was_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with Journal(tmp_path / "out") as journal:
        journal.add([(ONE, Translated("eins")), (TWO, Translated("zwei"))])
        assert len(synced) == 1
        assert len(journal.path.read_text().splitlines()) == 2


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be used"):
        Journal(tmp_path / "file" / "out")
