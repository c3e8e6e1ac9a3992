"""Texts beside recordings: every form is understood, and everything that is wrong is named with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from toolkit.errors import DataError
from toolkit.speech.voice.texts import read_texts_of

KEYS = ["wavs/a", "wavs/b", "wavs/c"]


def table(folder: Path, text: str, name: str = "metadata.csv") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "names", [("a", "b"), ("wavs/a", "wavs/b"), ("a.wav", "wavs/b.flac"), ("wavs\\a.wav", "b.WAV")]
)
def test_names_of_a_table_may_be_paths_with_or_without_ending(tmp_path: Path, names: tuple[str, str]):
    found = read_texts_of(table(tmp_path, f"{names[0]}|One.\n{names[1]}|Two.\n"), KEYS)
    assert {key: text.text for key, text in found.by_name.items()} == {"wavs/a": "One.", "wavs/b": "Two."}
    assert [(problem.path, problem.reason) for problem in found.problems] == [
        ("wavs/c", "metadata.csv has no text for it")
    ]


def test_the_third_column_is_what_is_read(tmp_path: Path):
    found = read_texts_of(table(tmp_path, "a|Dr. No|Doctor No\nb|Two|\nc|Three\n"), KEYS)
    assert [text.text for text in found.by_name.values()] == ["Doctor No", "Two", "Three"]


def test_tabulators_part_columns_too(tmp_path: Path):
    found = read_texts_of(table(tmp_path, "a\tOne, or two.\n", "metadata.tsv"), KEYS[:1])
    assert found.by_name["wavs/a"].text == "One, or two."


def test_lines_that_cannot_be_used_are_named(tmp_path: Path):
    text = "a|One.\n\nx|Nobody said this.\nb\na|Again.\nc|\n"
    found = read_texts_of(table(tmp_path, text), KEYS)
    assert list(found.by_name) == ["wavs/a"]
    told = {problem.path: problem.reason for problem in found.problems}
    assert told["metadata.csv, line 3"] == "there is no recording 'x'"
    assert "no '|'" in told["metadata.csv, line 4"]
    assert "twice" in told["metadata.csv, line 5"]
    assert "no text" in told["metadata.csv, line 6"]


def test_another_separator_is_recognised_and_said(tmp_path: Path):
    with pytest.raises(DataError, match=r"line 1.*parted by commas") as caught:
        read_texts_of(table(tmp_path, "a,One.\nb,Two.\n"), KEYS)
    assert "NAME|TEXT" in caught.value.way_out


def test_a_table_of_other_recordings_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="names none of the 3 recordings"):
        read_texts_of(table(tmp_path, "x|One.\ny|Two.\n"), KEYS)


def test_texts_may_lie_beside_recordings(tmp_path: Path):
    (tmp_path / "wavs").mkdir()
    (tmp_path / "wavs" / "a.txt").write_text("One.\n")
    (tmp_path / "wavs" / "b.txt").write_text(" \n")
    found = read_texts_of(tmp_path, KEYS)
    assert {key: text.text for key, text in found.by_name.items()} == {"wavs/a": "One."}
    assert {problem.path for problem in found.problems} == {"b.txt", "wavs/c"}


def test_recordings_without_any_text_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="no texts") as caught:
        read_texts_of(tmp_path, KEYS)
    assert "metadata.csv" in caught.value.way_out
