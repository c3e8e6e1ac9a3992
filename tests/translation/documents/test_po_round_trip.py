"""A catalogue of more than a thousand messages through a translator that mangles what has to be kept."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.documents.checks import check, checked
from toolkit.translation.documents.po_document import PoDocument
from toolkit.translation.documents.segment import Translated
from toolkit.translation.placeholders import find

polib = pytest.importorskip("polib")
pytest.importorskip("babel")

KEPT = ["%s", "%d", "%(name)s", "%1$s", "{name}", "{0:.2f}", "<b>", "</b>", "&amp;", "`run`", "--all", "%%"]
WORDS = ["copy", "open", "the", "file", "https://a.org/b?c=%d", "now", '"quoted"', "tab\there", "back\\slash"]


def catalogue(messages: int, seed: int) -> str:
    chance = random.Random(seed)
    blocks = ['msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n']
    for number in range(messages):
        words = [chance.choice(WORDS) for _ in range(chance.randint(1, 9))]
        for kept in chance.sample(KEPT, chance.randint(0, 4)):
            words.insert(chance.randint(0, len(words)), kept)
        text = f"{number} " + " ".join(words) + chance.choice(["", "\n", ".", " ", ".\nSecond line.\n"])
        entry = polib.POEntry(msgid=text, comment="Keep me" if number % 5 == 0 else "")
        if number % 4 == 0:
            entry.msgid_plural, entry.msgstr_plural = f"%d files {text}", {0: "", 1: ""}
        if number % 7 == 0:
            entry.msgctxt = "menu"
        blocks.append(str(entry))
    return "\n".join(blocks)


def mangled(text: str, chance: random.Random) -> str:
    """What a model may do to a text."""
    for found in reversed(find(text)):
        damage = chance.randint(0, 7)
        bad = {
            0: "",
            1: found.text.upper(),
            2: " ".join(found.text),
            3: found.text * 2,
            4: found.text.replace("%", "％"),
        }.get(damage, found.text)
        text = text[: found.start] + bad + text[found.end :]
    return chance.choice([text, text.strip(), f" {text}", text + "\n", ""] if chance.random() < 0.3 else [text])


@pytest.mark.parametrize("language", ["ru", "zh"])
def test_every_placeholder_and_plural_form_survives_or_is_flagged(tmp_path: Path, language: str) -> None:
    source, output = tmp_path / "in.pot", tmp_path / "out.po"
    source.write_text(catalogue(1200, seed=4), "utf-8")
    document = PoDocument(source, language)
    chance = random.Random(5)
    translations = {one.key: checked(one.source, mangled(one.source, chance)) for one in document.segments}
    document.write(output, translations)

    written = polib.pofile(str(output))
    assert len(written) == 1200
    repaired = flagged = 0
    sources = {one.key: one for one in document.segments}
    assert len(sources) == len(document.segments) == 900 + 300 * document.rule.count
    for again in PoDocument(output, language).segments:
        before = sources[again.key]
        assert (again.source, again.plural) == (before.source, before.plural)
        assert (again.existing or "") == translations[again.key].text
        wrong = check(again.source, again.existing or "")
        assert again.fuzzy or not wrong, (again.source, again.existing, wrong)
        flagged += again.fuzzy
        repaired += not again.fuzzy
    assert flagged > 100
    assert repaired > 100
    for entry in written:
        if entry.msgid_plural:
            assert sorted(entry.msgstr_plural) == list(range(document.rule.count))
    assert written.metadata["Plural-Forms"] == document.rule.header
    assert written.metadata["Language"] == language


def test_what_was_not_translated_stays_byte_for_byte(tmp_path: Path) -> None:
    source, output = tmp_path / "in.po", tmp_path / "out.po"
    source.write_bytes(ODDLY_WRITTEN.encode())
    document = PoDocument(source, "de")
    second = document.segments[1]
    document.write(output, {second.key: Translated("Neu\n")})
    before, after = ODDLY_WRITTEN.split("\n\n", 1)[1], output.read_text("utf-8").split("\n\n", 1)[1]
    assert after == before.replace('#, fuzzy, c-format\n#| msgid "Older"\n', "#, c-format\n").replace(
        'msgstr   "Alt"', 'msgstr "Neu\\n"'
    )


ODDLY_WRITTEN = """# Translators: many
msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=n != 1;\\n"

#   a comment with blanks
#: file.c:1 file.c:2
msgid "One"
msgstr "Eins"

#. for programmers
#, fuzzy, c-format
#| msgid "Older"
msgid ""
"Second "
"message %d\\n"
msgstr   "Alt"


#~ msgid "Gone"
#~ msgstr "Weg"

# at the very end
msgctxt ""
msgid "One"
msgstr ""
"Eine sehr lange Zeile, die niemand umbrechen soll, weil sie einem anderen gehört und so bleiben muss."
#~ msgid "Also gone"
#~ msgstr "Auch weg"
"""


def test_context_empty_or_absent_makes_two_messages(tmp_path: Path) -> None:
    source = tmp_path / "in.po"
    source.write_text(ODDLY_WRITTEN, "utf-8")
    segments = PoDocument(source, "de").segments
    assert [one.source for one in segments] == ["One", "Second message %d\n", "One"]
    assert segments[0].key != segments[2].key
    assert [one.fuzzy for one in segments] == [False, True, False]
    assert segments[1].context == "for programmers"


def test_windows_line_ends_stay(tmp_path: Path) -> None:
    source, output = tmp_path / "in.po", tmp_path / "out.po"
    source.write_bytes(ODDLY_WRITTEN.replace("\n", "\r\n").encode())
    document = PoDocument(source, "de")
    document.write(output, {one.key: Translated("Wort") for one in document.segments})
    assert not re.search(rb"(?<!\r)\n", output.read_bytes())
    assert {entry.msgstr for entry in polib.pofile(str(output)) if not entry.obsolete} == {"Wort"}


def test_doubts_are_marked_and_told_once(tmp_path: Path) -> None:
    source, output = tmp_path / "in.po", tmp_path / "out.po"
    source.write_text('msgid "Open %s"\nmsgstr ""\n\nmsgid "Close"\nmsgstr ""\n', "utf-8")
    for _ in range(2):
        document = PoDocument(source, "de")
        document.write(output, {document.segments[0].key: checked("Open %s", "Öffne")})
        source = output
    assert output.read_text("utf-8").split("\n\n")[1] == '# lacks \'%s\'\n#, fuzzy\nmsgid "Open %s"\nmsgstr "Öffne"'
    assert [one.fuzzy for one in PoDocument(output, "de").segments] == [True, False]
    document.write(output, {document.segments[0].key: Translated("Öffne %s")})
    assert "fuzzy" not in output.read_text("utf-8")


def test_a_plural_form_for_one_alone_is_made_from_the_singular(tmp_path: Path) -> None:
    source = tmp_path / "in.pot"
    source.write_text('msgid "one file"\nmsgid_plural "%d files"\nmsgstr[0] ""\nmsgstr[1] ""\n', "utf-8")
    assert [one.source for one in PoDocument(source, "de").segments] == ["one file", "%d files"]
    assert [one.source for one in PoDocument(source, "zh").segments] == ["%d files"]
    russian = PoDocument(source, "ru").segments  # the first form is also for 21 files, where "one file" would be wrong
    assert [one.source for one in russian] == ["%d files"] * 3
    assert [one.plural.examples[:3] for one in russian if one.plural] == [(1, 21, 31), (2, 3, 4), (0, 5, 6)]


def test_signs_that_only_python_takes_for_line_ends(tmp_path: Path) -> None:
    source, output = tmp_path / "in.po", tmp_path / "out.po"
    source.write_text('msgid "a\u2028b\x0bc\x85"\nmsgstr ""\n', "utf-8")
    document = PoDocument(source, "de")
    assert document.segments[0].source == "a\u2028b\x0bc\x85"
    document.write(output, {document.segments[0].key: Translated("x\u2028y\x0bz\x85")})
    assert [(pair.source, pair.target) for pair in read_pairs(output)] == [("a\u2028b\x0bc\x85", "x\u2028y\x0bz\x85")]


def test_a_template_in_ascii_becomes_utf_8_when_it_must(tmp_path: Path) -> None:
    source, output = tmp_path / "in.po", tmp_path / "out.po"
    source.write_bytes(b'msgid ""\nmsgstr "Content-Type: text/plain; charset=ISO-8859-1\\n"\n\nmsgid "a"\nmsgstr ""\n')
    document = PoDocument(source, "zh")
    document.write(output, {document.segments[0].key: Translated("你好")})
    written = polib.pofile(str(output))
    assert written[0].msgstr == "你好"
    assert written.metadata["Content-Type"] == "text/plain; charset=UTF-8"
