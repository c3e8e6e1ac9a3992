"""The same pairs from every format."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.errors import DataError
from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.corpora.text_pairs import read_text_pairs

pytest.importorskip("babel")
pytest.importorskip("polib")

PAIRS = [("A dog.", "Ein Hund."), ('Say "hi", now', "Sag „hallo“"), ("1 < 2 & 3", "你好")]


def contents() -> dict[str, str]:
    def xml(text: str) -> str:
        return text.replace("&", "&amp;").replace("<", "&lt;")

    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    def po(text: str) -> str:
        return text.replace('"', '\\"')

    units = [
        f'<tu><tuv xml:lang="en-GB"><seg>{xml(one)}</seg></tuv><tuv xml:lang="DE"><seg>{xml(two)}</seg></tuv></tu>'
        for one, two in PAIRS
    ]
    first = [
        f'<trans-unit id="{n}"><source>{xml(one)}</source><target>{xml(two)}</target></trans-unit>'
        for n, (one, two) in enumerate(PAIRS)
    ]
    second = [
        f'<unit id="{n}"><segment><source>{xml(one)}</source><target>{xml(two)}</target></segment></unit>'
        for n, (one, two) in enumerate(PAIRS)
    ]
    return {
        "a.tsv": "\n".join(f"{one}\t{two}\tmore" for one, two in PAIRS),
        "named.tsv": "\n".join(["id\tde\ten", *(f"7\t{two}\t{one}" for one, two in PAIRS)]),
        "a.csv": "\n".join(f"{quoted(one)},{quoted(two)}" for one, two in PAIRS),
        "named.csv": "\n".join(["Target,x,Source", *(f"{quoted(two)},1,{quoted(one)}" for one, two in PAIRS)]),
        "a.jsonl": "\n".join(json.dumps({"source": one, "target": two, "n": 1}) for one, two in PAIRS),
        "opus.jsonl": "\n".join(json.dumps({"translation": {"en": one, "de": two}}) for one, two in PAIRS),
        "a.tmx": f'<tmx><header/><body>{"".join(units)}<tu><tuv xml:lang="fr"><seg>x</seg></tuv></tu></body></tmx>',
        "a.xlf": f'<xliff><file source-language="en" target-language="de"><body>{"".join(first)}</body></file></xliff>',
        "b.xliff": f'<xliff version="2.0" srcLang="en" trgLang="de"><file>{"".join(second)}</file></xliff>',
        "a.po": "\n\n".join(
            ['msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"']
            + [f'msgid "{po(one)}"\nmsgstr "{po(two)}"' for one, two in PAIRS]
            + ['#, fuzzy\nmsgid "f"\nmsgstr "g"', 'msgid "untranslated"\nmsgstr ""', '#~ msgid "old"\n#~ msgstr "alt"']
        ),
    }


@pytest.mark.parametrize("name", list(contents()))
@pytest.mark.parametrize("how", ["plain", "gz", "bom", "crlf"])
def test_all_formats_give_the_same_pairs(tmp_path: Path, name: str, how: str) -> None:
    content = contents()[name]
    if how == "crlf":
        content = content.replace("\n", "\r\n")
    data = content.encode("utf-8-sig" if how == "bom" else "utf-8")
    path = tmp_path / (f"{name}.gz" if how == "gz" else name)
    path.write_bytes(gzip.compress(data) if how == "gz" else data)
    found = list(read_pairs(path, "en", "de"))
    assert [(pair.source, pair.target) for pair in found] == PAIRS
    assert all(pair.origin.startswith(str(path)) for pair in found)


def test_compiled_catalogue(tmp_path: Path) -> None:
    import polib

    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=utf-8"}
    catalogue.append(polib.POEntry(msgid="A dog.", msgstr="Ein Hund."))
    catalogue.append(polib.POEntry(msgid="one", msgid_plural="%d many", msgstr_plural={0: "eins", 1: "%d viele"}))
    catalogue.save_as_mofile(str(tmp_path / "a.mo"))
    found = {(pair.source, pair.target) for pair in read_pairs(tmp_path / "a.mo")}
    assert found == {("A dog.", "Ein Hund."), ("one", "eins"), ("%d many", "%d viele")}
    for damage in (b"", b"nonsense", (tmp_path / "a.mo").read_bytes()[:40]):
        (tmp_path / "b.mo").write_bytes(damage)
        with pytest.raises(DataError, match=r"b\.mo"):
            list(read_pairs(tmp_path / "b.mo"))


def test_origins_name_the_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n"two\nlines",c\n\nd,e\n')
    assert [pair.origin for pair in read_pairs(path)] == [f"{path}:1", f"{path}:2", f"{path}:5"]


def test_a_hugging_face_data_set_in_a_folder(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    rows = [{"translation": {"en": one, "de": two}} for one, two in PAIRS]
    datasets.Dataset.from_list(rows).save_to_disk(str(tmp_path / "set"))
    assert [(pair.source, pair.target) for pair in read_pairs(tmp_path / "set", "en", "de")] == PAIRS
    with pytest.raises(DataError, match="no text called 'fr'"):
        list(read_pairs(tmp_path / "set", "en", "fr"))


def test_lines_of_two_files(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_bytes(b"\xef\xbb\xbfone\r\ntwo\n\nfour \xe2\x80\xa8 same line\rfive\n\n\n")
    (tmp_path / "a.de").write_bytes(b"eins\nzwei\n\nvier\nfuenf")
    found = list(read_text_pairs(tmp_path / "a.en", tmp_path / "a.de"))
    assert [(pair.source, pair.target) for pair in found] == [
        ("one", "eins"), ("two", "zwei"), ("", ""), ("four \u2028 same line", "vier"), ("five", "fuenf"),
    ]  # fmt: skip
    assert found[4].origin == f"{tmp_path / 'a.en'}:5"


def test_a_line_of_50000_characters(tmp_path: Path) -> None:
    line = "wort, " * 9000
    for name in ("a.en", "a.de"):
        (tmp_path / name).write_text(line)
    assert next(read_text_pairs(tmp_path / "a.en", tmp_path / "a.de")).source == line
    (tmp_path / "a.csv").write_text(f'"{line * 5}",b')
    assert len(next(read_pairs(tmp_path / "a.csv")).source) == len(line) * 5


SAFE = st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=20)


@given(st.lists(st.tuples(SAFE, SAFE), min_size=1, max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
def test_any_text_survives_two_files_and_json(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    pairs = [*pairs, ("end", "Ende")]
    for name, side in (("a.en", 0), ("a.de", 1)):
        (tmp_path / name).write_text("".join(pair[side] + "\n" for pair in pairs), "utf-8", newline="")
    found = [(pair.source, pair.target) for pair in read_text_pairs(tmp_path / "a.en", tmp_path / "a.de")]
    beginning = pairs[0][0].removeprefix("\ufeff"), pairs[0][1].removeprefix("\ufeff")
    assert found == [beginning, *pairs[1:]]
    rows = "".join(json.dumps({"source": one, "target": two}, ensure_ascii=False) + "\n" for one, two in pairs)
    (tmp_path / "a.jsonl").write_text(rows, "utf-8", newline="")
    assert [(pair.source, pair.target) for pair in read_pairs(tmp_path / "a.jsonl")] == pairs
