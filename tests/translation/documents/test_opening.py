"""Every format through one door, and an interrupted translation that goes on."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from toolkit.errors import DataError
from toolkit.translation.documents.checks import checked
from toolkit.translation.documents.journal import Journal
from toolkit.translation.documents.opening import open_document
from toolkit.translation.documents.segment import Segment, Translated, has_words, to_translate

pytest.importorskip("babel")
pytest.importorskip("polib")

FILES = {
    "a.txt": "Open %s\n",
    "a.tsv": "Open %s\t\n",
    "a.jsonl": '{"source": "Open %s"}\n',
    "a.po": 'msgid "Open %s"\nmsgstr ""\n',
    "a.tmx": '<tmx><body><tu><tuv xml:lang="en"><seg>Open %s</seg></tuv></tu></body></tmx>',
    "a.xlf": '<xliff><file><trans-unit id="1"><source>Open %s</source></trans-unit></file></xliff>',
    "a.md": "# Open %s\n",
}


@pytest.mark.parametrize("name", list(FILES))
@pytest.mark.parametrize("packed", [False, True])
def test_each_format_by_its_ending(tmp_path: Path, name: str, packed: bool) -> None:
    path, output = tmp_path / (name + ".gz" * packed), tmp_path / "new" / (name + ".gz" * packed)
    data = FILES[name].encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    document = open_document(path, "en", "de")
    (segment,) = to_translate(document)
    assert segment.source == "Open %s"
    assert segment.origin.startswith(str(path))
    document.write(output, {segment.key: checked(segment.source, "Öffne %S")})
    written = gzip.decompress(output.read_bytes()) if packed else output.read_bytes()
    assert "Öffne %s" in written.decode()
    assert [one.name for one in output.parent.iterdir()] == [output.name]


def test_other_endings_and_formats(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_text("Open")
    with pytest.raises(DataError, match=r"the ending '\.docx'"):
        open_document(tmp_path / "a.docx", "en", "de")
    with pytest.raises(DataError, match="no format 'word'"):
        open_document(tmp_path / "a.docx", "en", "de", format="word")
    assert open_document(tmp_path / "a.docx", "en", "de", format="txt").segments[0].source == "Open"
    with pytest.raises(DataError, match="no language 'xx'"):
        open_document(tmp_path / "a.docx", "en", "xx", format="txt")


def test_an_interrupted_translation_goes_on_where_it_was(tmp_path: Path) -> None:
    path, output = tmp_path / "a.txt", tmp_path / "b.txt"
    path.write_text("".join(f"word {number}\n" for number in range(20)))
    asked: list[str] = []

    def translate(batch: list[Segment]) -> list[tuple[Segment, Translated]]:
        if len(asked) == 12:
            raise KeyboardInterrupt
        asked.extend(one.key for one in batch)
        return [(one, Translated(one.source.upper())) for one in batch]

    def run() -> None:
        document = open_document(path, "en", "de")
        with Journal(output) as journal:
            left = [one for one in to_translate(document) if journal.get(one) is None]
            for start in range(0, len(left), 4):
                journal.add(translate(left[start : start + 4]))
            found = {one.key: journal.get(one) for one in document.segments}
            document.write(output, {key: translated for key, translated in found.items() if translated})
            journal.remove()

    with pytest.raises(KeyboardInterrupt):
        run()
    assert not output.exists()
    asked.append("")
    run()
    asked.remove("")
    assert len(asked) == len(set(asked)) == 20
    assert output.read_text() == path.read_text().upper()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.txt", "b.txt"]


@pytest.mark.parametrize(
    ("text", "words"), [("Copy", True), ("%s: 12", False), ("", False), ("<b></b>", False), ("好", True)]
)
def test_what_has_words(text: str, words: bool) -> None:
    assert has_words(text) is words


def test_the_existing_translation_is_kept_unless_asked(tmp_path: Path) -> None:
    (tmp_path / "a.po").write_text('msgid "a"\nmsgstr "b"\n\n#, fuzzy\nmsgid "c"\nmsgstr "d"\n')
    document = open_document(tmp_path / "a.po", "en", "de")
    assert [one.source for one in to_translate(document)] == ["c"]
    assert [one.source for one in to_translate(document, again=True)] == ["a", "c"]
