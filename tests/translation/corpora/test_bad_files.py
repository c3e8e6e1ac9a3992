"""Bad input is told with the file, the line and the way out."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from toolkit.errors import DataError, ToolkitError
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.corpora.text_pairs import read_text_pairs

pytest.importorskip("babel")
pytest.importorskip("polib")

CASES: dict[str, tuple[str, bytes, str]] = {
    "latin-1": ("a.tsv", "a\tb\nc\té\n".encode("latin-1"), r"a\.tsv:2: is not text in UTF-8 \(byte 0xe9\)"),
    "latin-1 after crlf": ("a.tsv", "a\tb\r\nx\ty\r\nc\té".encode("latin-1"), r"a\.tsv:3: is not text"),
    "utf-16": ("a.tsv", "a\tb".encode("utf-16"), r"a\.tsv:1: is text in UTF-16"),
    "few columns": ("a.tsv", b"a\tb\nc\n", r"a\.tsv:2: has 1 column"),
    "few columns in csv": ("a.csv", b'"a\nb",c\nd\n', r"a\.csv:3: has 1 column"),
    "open quotation mark": ("a.csv", b'a,b\n"c,d\n', r"a\.csv:2: is not CSV"),
    "no json": ("a.jsonl", b'{"source": "a", "target": "b"}\n{', r"a\.jsonl:2: is not JSON"),
    "no field": ("a.jsonl", b'{"source": "a", "target": "b"}\n{"source": "a"}', r"a\.jsonl:2: has no field 'target'"),
    "unclear fields": ("a.jsonl", b'{"x": "a", "y": "b"}', "which field holds the source text"),
    "broken xml": ("a.tmx", b"<tmx>\n<tu>\n</tmx>", r"a\.tmx:3: is broken XML: mismatched tag"),
    "no xml": ("a.xlf", b"words", r"a\.xlf:1: is broken XML"),
    "bomb": ("a.tmx", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', r"a\.tmx:1: declares the entity 'b'"),
    "no units": ("a.xlf", b"<xliff/>", "holds no translation units"),
    "other languages": ("a.tmx", b'<tmx><tu><tuv xml:lang="fr"><seg>a</seg></tuv></tu></tmx>', "no unit in both"),
    "no catalogue": ("a.po", b'msgid "a"\nmsgstr "b"\n\nnonsense\n', r"a\.po:4: is no PO file"),
    "damaged gz": ("a.tsv.gz", gzip.compress(b"a\tb\n" * 1000)[:-20], r"a\.tsv\.gz is damaged"),
    "no gz": ("a.tsv.gz", b"a\tb", "is damaged"),
    "ending": ("a.docx", b"", r"the ending '\.docx' stands for no format"),
}


@pytest.mark.parametrize("case", list(CASES))
def test_each_fault_is_named(tmp_path: Path, case: str) -> None:
    name, content, words = CASES[case]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        list(read_pairs(tmp_path / name, "en", "de"))
    assert str(tmp_path / name) in caught.value.message
    assert caught.value.way_out


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        list(read_pairs(tmp_path / "a.tsv"))
    (tmp_path / "a.en").mkdir()
    with pytest.raises(DataError, match="cannot be read"):
        read_text_pairs(tmp_path / "a.en", tmp_path / "a.en")


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("english", "'en'"),
        ("xx", "there is no language 'xx'"),
        ("germn", "'de'"),
        ("chinese", "'zh'"),
        ("", "no language"),
    ],
)
def test_an_unknown_language_names_the_nearest(tmp_path: Path, code: str, nearest: str) -> None:
    (tmp_path / "a.tsv").write_text("a\tb")
    with pytest.raises(DataError, match=nearest):
        read_pairs(tmp_path / "a.tsv", code, "de")


def test_the_encoding_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_bytes("é\t你".encode("gb18030"))
    assert [pair.target for pair in read_pairs(tmp_path / "a.tsv", encoding="gb18030")] == ["你"]
    with pytest.raises(DataError, match="no encoding 'klingon'"):
        list(read_pairs(tmp_path / "a.tsv", encoding="klingon"))


def sentences(count: int, word: str) -> list[str]:
    return [f"{word * (7 * number % 23 + 1)} {number} {'?' if number % 3 else '.'}".strip() for number in range(count)]


def written(folder: Path, source: Iterable[str], target: Iterable[str]) -> tuple[Path, Path]:
    for name, lines in (("a.en", source), ("a.de", target)):
        (folder / name).write_text("".join(line + "\n" for line in lines), "utf-8")
    return folder / "a.en", folder / "a.de"


def test_files_of_different_lengths_say_where_they_part(tmp_path: Path) -> None:
    source, target = sentences(200, "house "), sentences(200, "haus ")
    del target[119]
    with pytest.raises(DataError) as caught:
        read_text_pairs(*written(tmp_path, source, target))
    assert "200 lines" in caught.value.message
    assert "has 199" in caught.value.message
    assert "near line 120 (the target side lacks 1 line there)" in caught.value.message


def test_files_of_different_lengths_with_the_surplus_at_the_end(tmp_path: Path) -> None:
    source, target = sentences(200, "house "), sentences(190, "haus ")
    with pytest.raises(DataError, match="up to line 190 they seem to belong together"):
        read_text_pairs(*written(tmp_path, source, target))


@pytest.mark.parametrize(("source", "target"), [([], ["a"]), (["a"], ["", " "])])
def test_empty_files(tmp_path: Path, source: list[str], target: list[str]) -> None:
    with pytest.raises(DataError, match="holds no text"):
        read_text_pairs(*written(tmp_path, source, target))


@pytest.mark.parametrize("name", ["a.tsv", "a.csv", "a.jsonl", "a.po", "a.mo", "a.tmx", "a.xlf"])
@pytest.mark.parametrize(
    "content", [b"\x00" * 100, b"\xff\xfe\x00", bytes(range(256)) * 4, b"<", b'"', b"{}", b"\n" * 9]
)
def test_garbage_never_ends_in_a_traceback(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with suppress(ToolkitError):  # anything else fails the test
        assert all(isinstance(pair, Pair) for pair in read_pairs(tmp_path / name, "en", "de"))
