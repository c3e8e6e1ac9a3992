"""Translating on the command line: texts, files, terms, interruptions, mistakes."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from tests.tiny import refused, spawn, toolkit, wait_until
from tests.translation.models import toy_pairs, translator
from toolkit.translation.documents.journal import ENDING

__all__ = ["translator"]

CATALOGUE = """msgid ""
msgstr ""
"Language: nl\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

#: a.c:1
#, c-format
msgid "ba %s de"
msgstr ""

msgid "fi"
msgstr "is er al"

#, c-format
msgid "%d ba"
msgid_plural "%d de"
msgstr[0] ""
msgstr[1] ""
"""


def test_a_text_as_json(translator: Path) -> None:
    told = toolkit("generate", "translation", translator, "--text", "ba de.", "--text", "fi", "--json").json
    assert [one["text"] for one in told["translations"]] == ["nul een.", "twee"]
    assert told["languages"] == ["en", "nl"]
    assert told["path"] == "torch"
    assert told["notes"] == []
    assert "term_accuracy" not in told


def test_a_text_as_people_read_it(translator: Path) -> None:
    assert toolkit("generate", "translation", translator, "--text", "ba\nde").out == "nul\neen\n"
    assert toolkit("generate", "translation", translator, "--text", "ba.\nde.", "--stream").out == "nul.\neen.\n"
    several = toolkit("generate", "translation", translator, "--text", "ba", "--beam", "4", "--n-best", "2").out
    rows = [line.split("\t") for line in several.splitlines()]
    assert len(rows) == 2
    assert rows[0][1] == "nul"
    assert float(rows[0][0]) > float(rows[1][0])


def test_terms_are_kept_and_told(translator: Path, tmp_path: Path) -> None:
    terms = tmp_path / "terms.tsv"
    terms.write_text("source\ttarget\nba\tniets|leeg\n# a remark\nba\tnix\n", encoding="utf-8")
    arguments = ("generate", "translation", translator, "--text", "de ba fi", "--terms", terms)
    told = toolkit(*arguments, "--json").json
    assert told["term_accuracy"] == 1.0
    assert told["translations"][0]["terms"][0]["kept"] is True
    assert any("another translation than before" in note for note in told["notes"])
    spoken = toolkit(*arguments)
    assert any(word in spoken.out for word in ("niets", "leeg", "nix"))
    assert "terms.tsv:4" in spoken.err
    terms.write_text("ba\t\nde\n", encoding="utf-8")
    message = refused(*arguments)
    assert "terms.tsv:1: 'ba' has an empty target" in message
    assert "terms.tsv:2: no tab in 'de'" in message


def test_a_catalogue_is_translated(translator: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.po", tmp_path / "out.po"
    source.write_text(CATALOGUE, encoding="utf-8")
    arguments = ("generate", "translation", translator, "--input", source, "--output", output)
    told = toolkit(*arguments, "--json").json
    assert (told["segments"], told["translated"], told["kept"]) == (4, 3, 1)
    written = output.read_text("utf-8")
    assert 'msgstr "nul %s een"' in written or "fuzzy" in written
    assert 'msgid "fi"\nmsgstr "is er al"' in written
    assert "msgstr[0] " in written
    assert "msgstr[1] " in written
    assert not output.with_name(output.name + ENDING).exists()
    every = toolkit(*arguments, "--all").out
    assert "4 texts translated" in every
    assert 'msgid "fi"\nmsgstr "twee"' in output.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "\ufeffba de.\r\n\r\n%s\r\nfi\n", "\ufeffnul een.\r\n\r\n%s\r\ntwee\n"),
        ("a.tsv", "ba\t\tx\nde\n", "ba\tnul\tx\nde\teen\n"),
        ("a.jsonl", '{"id": 7, "source": "ba"}\n', '{"id": 7, "source": "ba", "target": "nul"}\n'),
        ("a.md", "# ba de\n\n```\nba\n```\n\n- fi\n- go\n", "# nul een\n\n```\nba\n```\n\n- twee\n- drie\n"),
    ],
)
def test_files_keep_their_form(translator: Path, tmp_path: Path, name: str, content: str, expected: str) -> None:
    source, output = tmp_path / name, tmp_path / f"out-{name}"
    source.write_bytes(content.encode())
    toolkit("generate", "translation", translator, "--input", source, "--output", output, "--quiet")
    assert output.read_bytes().decode() == expected


def test_xml_files_keep_their_form(translator: Path, tmp_path: Path) -> None:
    tmx = (
        '<?xml version="1.0"?>\n<tmx version="1.4"><header srclang="en"/><body>\n'
        '<tu><tuv xml:lang="en"><seg>ba de</seg></tuv></tu>\n</body></tmx>\n'
    )
    xliff = (
        '<?xml version="1.0"?>\n<xliff version="1.2"><file source-language="en" target-language="nl" original="a">'
        '<body>\n<trans-unit id="1"><source>fi go</source></trans-unit>\n</body></file></xliff>\n'
    )
    for name, content in (("a.tmx", tmx), ("a.xlf", xliff)):
        (tmp_path / name).write_text(content, encoding="utf-8")
        output = tmp_path / f"out-{name}"
        toolkit("generate", "translation", translator, "--input", tmp_path / name, "--output", output, "--quiet")
        written = output.read_text("utf-8")
        assert written.startswith(content.split("</tuv>")[0].split("</source>")[0])
    assert '<tuv xml:lang="nl"><seg>nul een</seg></tuv>' in (tmp_path / "out-a.tmx").read_text("utf-8")
    assert '<target state="translated">twee drie</target>' in (tmp_path / "out-a.xlf").read_text("utf-8")


def test_a_killed_translation_goes_on_and_loses_nothing(translator: Path, tmp_path: Path) -> None:
    source, output, other = tmp_path / "in.txt", tmp_path / "out.txt", tmp_path / "other.txt"
    source.write_text("".join(f"{text}\n" for text, _ in toy_pairs(1500, seed=31)), encoding="utf-8")
    arguments = ("generate", "translation", translator, "--input", source, "--beam", "1", "--path", "torch", "--json")
    journal = output.with_name(output.name + ENDING)
    process = spawn(tmp_path, *arguments, "--output", output)
    wait_until(lambda: journal.is_file() and journal.stat().st_size > 0, 120)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    done = journal.read_bytes().count(b"\n")
    assert 0 < done < 1500
    assert not output.exists()
    told = toolkit(*arguments, "--output", output).json
    assert told["resumed"] == done
    assert told["translated"] == 1500 - done
    assert not journal.exists()
    toolkit(*arguments, "--output", other)
    assert output.read_bytes() == other.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "ba\nd\xe9\n".encode("latin-1"), "a.txt:2: is not text in UTF-8"),
        ("a.txt", "ba\n".encode("utf-16"), "a.txt:1: is text in UTF-16"),
        ("a.tmx", b"<tmx><body><tu>\n<tuv></body></tmx>", "a.tmx:2: is broken XML"),
        (
            "a.tmx",
            b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;">]><tmx>&c;</tmx>',
            "a.tmx:2: declares the entity 'b'",
        ),
        (
            "a.xlf",
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><xliff>&b;</xliff>',
            "a.xlf:1: declares the entity 'b'",
        ),
        ("a.po", CATALOGUE.replace("nplurals=2; plural=(n != 1);", "nplurals=2; plural=n+;").encode(), "plural header"),
        ("a.po", CATALOGUE.replace("nplurals=2", "nplurals=1").encode(), "promises 1 forms, but gives form 1"),
        ("a.po", CATALOGUE.replace("Language: nl", "Language: ru").encode(), "translations are in 'ru', not in 'nl'"),
        ("a.po", b'msgid "a"\nmsgstr "b\n', "a.po"),
        ("a.jsonl", b'{"source": "ba"}\n{"text": 1}\n', "a.jsonl:2"),
        ("a.docx", b"PK", "stands for no format"),
    ],
)
def test_bad_files_are_refused_with_file_and_line(
    translator: Path, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    source, output = tmp_path / name, tmp_path / f"out-{name}"
    source.write_bytes(content)
    assert message in refused("generate", "translation", translator, "--input", source, "--output", output)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_odd_texts_are_translated(translator: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_bytes(b"ba\r\n\rde\n" + b"fi " * 2000 + b"\n" + b"x" * 5000)
    toolkit("generate", "translation", translator, "--input", source, "--output", output, "--quiet", "--beam", "1")
    written = output.read_bytes()
    assert written.startswith(b"nul\r\n\reen\n")
    assert written.count(b"\n") == 3
    assert written.count(b"twee") > 2000 // 64, "something of every piece that the long line was cut into"


def test_mistakes_are_told(translator: Path, tmp_path: Path) -> None:
    base = ("generate", "translation", translator)
    assert "say what to translate" in refused(*base)
    assert "say what to translate" in refused(*base, "--text", "ba", "--input", "a.po")
    assert "go together" in refused(*base, "--input", "a.po")
    assert "--stream goes with --text" in refused(*base, "--text", "ba", "--stream", "--json")
    assert "there is no such file" in refused(*base, "--input", tmp_path / "no.po", "--output", tmp_path / "out.po")
    assert "is a folder" in refused(*base, "--input", _text(tmp_path), "--output", tmp_path)
    assert "no format 'doc'" in refused(
        *base, "--input", _text(tmp_path), "--output", tmp_path / "b.txt", "--format", "doc"
    )
    assert "no encoding 'utf-9'" in refused(
        *base, "--input", _text(tmp_path), "--output", tmp_path / "b.txt", "--encoding", "utf-9"
    )
    assert "toolkit export" in refused(*base, "--text", "ba", "--path", "ctranslate2")
    assert "there is no run or model" in refused("generate", "translation", tmp_path / "nothing", "--text", "ba")
    assert "more than the 2 hypotheses" in refused(*base, "--text", "ba", "--beam", "2", "--n-best", "3")


def test_models_are_checked(translator: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(translator, tmp_path / "model"))
    (copy / "source.spm").unlink()
    assert "source.spm" in refused("generate", "translation", copy, "--text", "ba")
    assert "is a model for image" in refused("generate", "translation", "emoji", "--text", "ba")


def test_evaluation_as_json(translator: Path, tmp_path: Path) -> None:
    for place, name in enumerate(("x.en", "x.nl")):
        (tmp_path / name).write_text("".join(f"{pair[place]}\n" for pair in toy_pairs(20, 33)), encoding="utf-8")
    sides = ("--source", tmp_path / "x.en", "--target", tmp_path / "x.nl")
    told = toolkit("evaluate", translator, *sides, "--beam", "2", "--json").json
    assert told["metrics"]["bleu"] > 70
    assert told["signatures"]["bleu"].startswith("nrefs:1")
    assert told["signatures"]["chrf"].startswith("nrefs:1")
    spoken = toolkit("evaluate", translator, *sides, "--beam", "2").out
    assert "bleu" in spoken
    assert "signature" in spoken or "nrefs:1" in spoken
    assert "go together" in refused("evaluate", translator, *sides[:2])
    assert "x.nl" in refused("evaluate", translator, "--source", sides[1], "--target", _text(tmp_path / "x.nl"))


def test_an_export_is_told(translator: Path, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    copy = Path(shutil.copytree(translator, tmp_path / "model"))
    told = toolkit("export", copy, "--to", "ctranslate2", "--json").json
    assert Path(told["file"]) == copy / "ctranslate2-int8"
    spoken = toolkit("generate", "translation", copy, "--text", "ba", "--json").json
    assert spoken["path"] == "ctranslate2-int8"
    assert "exists already" in refused("export", copy, "--to", "ctranslate2", "--out", copy)
    assert "--half goes with" in refused("export", copy, "--to", "ctranslate2", "--half")


def _text(place: Path) -> Path:
    if place.is_dir():
        place = place / "some.txt"
    place.write_text("ba\n", encoding="utf-8")
    return place
