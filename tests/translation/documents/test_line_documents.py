"""TXT, TSV and JSON lines: the texts change, nothing else does."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.translation.documents.json_document import JsonLinesDocument
from toolkit.translation.documents.segment import Translated, to_translate
from toolkit.translation.documents.text_document import TextDocument, split_lines
from toolkit.translation.documents.tsv_document import TsvDocument

TEXTS = st.text(alphabet='ab é中\t\r\n\u2028\x0b"{}:,\\', max_size=40)
NO_FIXTURE_CHECK = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(TEXTS)
def test_lines_and_their_ends_are_the_whole_text(text: str) -> None:
    lines = split_lines(text)
    assert "".join(line + end for line, end in lines) == text
    assert not any(sign in line for line, _ in lines for sign in "\r\n")


@given(text=TEXTS)
@NO_FIXTURE_CHECK
def test_text_without_translations_is_the_same_bytes(tmp_path: Path, text: str) -> None:
    (tmp_path / "in.txt").write_bytes(text.encode())
    TextDocument(tmp_path / "in.txt").write(tmp_path / "out.txt", {})
    assert (tmp_path / "out.txt").read_bytes() == text.encode()


def test_text_keeps_marks_ends_and_indentation(tmp_path: Path) -> None:
    path = tmp_path / "in.txt"
    path.write_bytes(b"\xef\xbb\xbf  One \r\n\r\n12:30\n\tTwo\r---\nThree")
    document = TextDocument(path)
    assert [one.source for one in document.segments] == ["One", "Two", "Three"]
    document.write(path, {one.key: Translated(one.source.upper() + "\nx") for one in document.segments})
    assert path.read_bytes() == b"\xef\xbb\xbf  ONE x \r\n\r\n12:30\n\tTWO x\r---\nTHREE x"


def test_compressed_in_and_out_with_a_line_of_50000_characters(tmp_path: Path) -> None:
    path = tmp_path / "in.txt.gz"
    path.write_bytes(gzip.compress(("word " * 10_000).encode()))
    document = TextDocument(path)
    document.write(tmp_path / "out.txt.gz", {"line 1": Translated("Wort")})
    assert gzip.decompress((tmp_path / "out.txt.gz").read_bytes()) == b"Wort "


def test_an_encoding_without_the_characters_is_told_and_nothing_written(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_bytes("é".encode("latin-1"))
    with pytest.raises(DataError, match=r"in\.txt:1: is not text in UTF-8"):
        TextDocument(tmp_path / "in.txt")
    document = TextDocument(tmp_path / "in.txt", "latin-1")
    with pytest.raises(DataError, match="has no '你'"):
        document.write(tmp_path / "out.txt", {"line 1": Translated("你")})
    assert not (tmp_path / "out.txt").exists()


def test_a_key_of_another_document_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("a")
    with pytest.raises(DataError, match="no segment with the key 'line 7'"):
        TextDocument(tmp_path / "in.txt").write(tmp_path / "out.txt", {"line 7": Translated("b")})


def test_table_by_number(tmp_path: Path) -> None:
    path = tmp_path / "in.tsv"
    path.write_bytes(b"a\n\nb\t\tx\r\nc\tschon da\ty\n")
    document = TsvDocument(path)
    assert [one.source for one in to_translate(document)] == ["a", "b"]
    assert document.segments[2].existing == "schon da"
    document.write(path, {one.key: Translated(one.source.upper() + "\tz") for one in to_translate(document)})
    assert path.read_bytes() == b"a\tA z\n\nb\tB z\tx\r\nc\tschon da\ty\n"


def test_table_by_name_with_a_new_column(tmp_path: Path) -> None:
    path = tmp_path / "in.tsv"
    path.write_text("id\ten\n1\ta\n")
    document = TsvDocument(path, "en", "de")
    document.write(path, {one.key: Translated("A") for one in document.segments})
    assert path.read_text() == "id\ten\tde\n1\ta\tA\n"
    with pytest.raises(DataError, match="no column is called 'fr'"):
        TsvDocument(path, "fr", "de")
    with pytest.raises(DataError, match=r"in\.tsv:1: has 3 columns"):
        TsvDocument(path, 5, 6)


def test_json_keeps_every_other_character(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(
        b'{"id":1.50, "text" :"a {\\"}",  "t":"old","x":[ 1,{"t":2}]}\r\n'
        b'\n {"text": "\\u00e9", "n": {"t": "deep"}} \n{"text":"c"}'
    )
    document = JsonLinesDocument(path, "text", "t")
    assert [(one.source, one.existing) for one in document.segments] == [('a {"}', "old"), ("é", None), ("c", None)]
    document.write(path, {one.key: Translated('n"ü\n') for one in document.segments})
    assert (
        path.read_bytes()
        == (
            '{"id":1.50, "text" :"a {\\"}",  "t":"n\\"ü\\n","x":[ 1,{"t":2}]}\r\n'
            '\n {"text": "\\u00e9", "n": {"t": "deep"}, "t": "n\\"\\u00fc\\n"} \n{"text":"c", "t": "n\\"ü\\n"}'
        ).encode()
    )


def test_json_fields_within_fields(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    rows = (
        {"translation": {"en": "a"}},
        {"translation": {"en": "b", "de": "B"}},
        {"translation": {"en": "c"}, "out": 1},
    )
    path.write_text("\n".join(map(json.dumps, rows)))
    document = JsonLinesDocument(path, "translation.en", "translation.de")
    assert [one.existing for one in document.segments] == [None, "B", None]
    document.write(path, {one.key: Translated("X") for one in document.segments})
    assert [json.loads(line)["translation"]["de"] for line in path.read_text().splitlines()] == ["X"] * 3
    with pytest.raises(DataError, match=r"in\.jsonl:3: the field 'out' holds no object"):
        JsonLinesDocument(path, "translation.en", "out.de").write(path, {"line 3": Translated("X")})


@given(
    record=st.dictionaries(
        st.text(max_size=5), st.text(max_size=5) | st.integers() | st.lists(st.booleans()), max_size=4
    ),
    spaces=st.sampled_from([(",", ":"), (" , ", "  : ")]),
)
@NO_FIXTURE_CHECK
def test_json_with_anything_else_in_it_stays_valid(
    tmp_path: Path, record: dict[str, object], spaces: tuple[str, str]
) -> None:
    record = {**record, "source": "words"}
    (tmp_path / "in.jsonl").write_text(json.dumps(record, separators=spaces), "utf-8")
    document = JsonLinesDocument(tmp_path / "in.jsonl")
    document.write(tmp_path / "out.jsonl", {document.segments[0].key: Translated("Wörter")})
    assert json.loads((tmp_path / "out.jsonl").read_text("utf-8")) == {**record, "target": "Wörter"}


@pytest.mark.parametrize("line", ["{", "[1]", '{"text": 1}', '{"other": "a"}', "[" * 100_000])
def test_broken_json_names_the_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "a"}\n' + line)
    with pytest.raises(DataError, match=r"in\.jsonl:2: "):
        JsonLinesDocument(path, "text", "t")
