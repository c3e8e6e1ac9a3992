"""TMX and XLIFF: units get their translations, every other byte stays."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from toolkit.errors import DataError
from toolkit.translation.documents.opening import open_document
from toolkit.translation.documents.segment import Translated, to_translate
from toolkit.translation.documents.tmx_document import TmxDocument
from toolkit.translation.documents.xliff_document import XliffDocument

pytest.importorskip("babel")

TMX = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version='1.4'><header srclang="en-US" datatype="plaintext"/>
  <body>
    <tu tuid="a&lt;b">
      <note>for people</note>
      <tuv xml:lang="en-US"><seg>Press <hi x="1">here</hi> &amp; <ph x='2'>&lt;br&gt;</ph>wait</seg></tuv>
    </tu>
    <tu><tuv xml:lang="EN"><seg>Two</seg></tuv><tuv xml:lang="de-DE"><seg>Zwei</seg></tuv></tu>
    <tu><tuv xml:lang="fr"><seg>Trois</seg></tuv></tu> <!-- kept -->
  </body>
</tmx>
"""

XLIFF = """<?xml version="1.0"?>
<xliff version="1.2" xmlns="urn:oasis:names:tc:xliff:document:1.2">
  <file original="a.txt" source-language="en" datatype="plaintext"><body>
    <group><trans-unit id="1" >
      <source>Save <g id="b">now</g><x id="2"/>, 1 &lt; 2</source>
      <note>a button</note>
    </trans-unit></group>
    <trans-unit id="2" approved="yes"><source>Open</source>
      <target  state="needs-translation" equiv-trans="no">Auf</target></trans-unit>
    <trans-unit id="3" translate="no"><source>KEY</source></trans-unit>
    <trans-unit id="4"><source>Empty target</source><target/></trans-unit>
  </body></file>
</xliff>"""

XLIFF_2 = """<xliff xmlns="urn:oasis:names:tc:xliff:document:2.0" version="2.0" srcLang="en" trgLang="de">
 <file id="f"><unit id="u">
  <segment id="s1"><source>One <pc id="1">two</pc></source></segment>
  <segment id="s2" state="final"><source>Three</source><target>Drei</target></segment>
 </unit></file>
</xliff>
"""


def stored(tmp_path: Path, name: str, content: str) -> Path:
    path = tmp_path / name
    path.write_text(content, "utf-8")
    return path


def test_memory_gets_the_units_it_lacks(tmp_path: Path) -> None:
    path = stored(tmp_path, "in.tmx", TMX)
    document = TmxDocument(path, "en", "de")
    one, two = document.segments
    assert (one.source, one.context, one.existing) == ("Press <g1>here</g1> & <x3/>wait", "for people", None)
    assert (two.source, two.existing) == ("Two", "Zwei")
    assert [segment.key for segment in to_translate(document)] == [one.key]
    document.write(path, {one.key: Translated("<x3/>Warte & drücke <g1>hier</g1> <b>")})
    new = (
        "\n      <tuv xml:lang=\"de\"><seg><ph x='2'>&lt;br&gt;</ph>Warte &amp; drücke "
        '<hi x="1">hier</hi> &lt;b&gt;</seg></tuv>'
    )
    assert path.read_text("utf-8") == TMX.replace("wait</seg></tuv>", "wait</seg></tuv>" + new)


def test_memory_marks_doubts_and_takes_the_mark_away(tmp_path: Path) -> None:
    path = stored(tmp_path, "in.tmx", TMX)
    document = TmxDocument(path, "en", "de")
    document.write(path, {one.key: Translated("x", fuzzy=True) for one in document.segments})
    document = TmxDocument(path, "en", "de")
    assert [one.fuzzy for one in document.segments] == [True, True]
    document.write(path, {document.segments[1].key: Translated("Zwei")})
    assert TMX.splitlines()[8] in path.read_text("utf-8")


def test_xliff_gets_targets_states_and_its_language(tmp_path: Path) -> None:
    path = stored(tmp_path, "in.xlf", XLIFF)
    document = XliffDocument(path, "de", "en")
    assert [one.source for one in document.segments] == ["Save <g1>now</g1><x3/>, 1 < 2", "Open", "Empty target"]
    assert [one.existing for one in document.segments] == [None, "Auf", None]
    assert [one.fuzzy for one in document.segments] == [False, True, False]
    assert document.segments[0].context == "a button"
    texts = ["<g1>Jetzt</g1><x3/> sichern, 1 < 2", "Öffnen", "Leer"]
    document.write(
        path, {one.key: Translated(text, text == "Öffnen") for one, text in zip(document.segments, texts, strict=True)}
    )
    expected = XLIFF.replace('datatype="plaintext"', 'datatype="plaintext" target-language="de"')
    expected = expected.replace(
        "2</source>",
        '2</source>\n      <target state="translated"><g id="b">Jetzt</g><x id="2"/> sichern, 1 &lt; 2</target>',
    )
    expected = expected.replace('approved="yes"', 'approved="no"').replace(
        '<target  state="needs-translation" equiv-trans="no">Auf<',
        '<target state="needs-review-translation" equiv-trans="no">Öffnen<',
    )
    assert path.read_text("utf-8") == expected.replace("<target/>", '<target state="translated">Leer</target>')


def test_xliff_2(tmp_path: Path) -> None:
    path = stored(tmp_path, "in.xliff", XLIFF_2)
    document = open_document(path, "en", "de")
    assert [(one.source, one.existing) for one in document.segments] == [("One <g1>two</g1>", None), ("Three", "Drei")]
    document.write(path, {document.segments[0].key: Translated("Eins <g1>zwei</g1>")})
    assert path.read_text("utf-8") == XLIFF_2.replace('id="s1"', 'id="s1" state="translated"').replace(
        "</pc></source>", '</pc></source><target>Eins <pc id="1">zwei</pc></target>'
    )


@pytest.mark.parametrize("text", ["Jetzt", "</g1>Jetzt<g1><x3/>", "<g1>Jetzt<x3/>", "<g1></g1><g1></g1><x3/>"])
def test_lost_and_crossed_codes_leave_xml_and_a_mark(tmp_path: Path, text: str) -> None:
    path = stored(tmp_path, "in.xlf", XLIFF)
    document = XliffDocument(path, "de", "en")
    document.write(path, {document.segments[0].key: Translated(text)})
    ElementTree.parse(path)
    assert XliffDocument(path, "de", "en").segments[0].fuzzy


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-8-sig"])
def test_other_encodings_stay_what_they_are(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "in.tmx"
    path.write_bytes(TMX.replace("UTF-8", encoding.removesuffix("-sig")).replace("Trois", "Été").encode(encoding))
    document = TmxDocument(path, "en", "zh")
    document.write(path, {one.key: Translated("你\x00好") for one in document.segments})
    assert "Été" in path.read_text(encoding)
    assert [one.existing for one in TmxDocument(path, "en", "zh").segments] == ["你好", "你好"]


def test_nothing_given_nothing_changed(tmp_path: Path) -> None:
    for name, content in (("a.tmx", TMX), ("a.xlf", XLIFF), ("b.xlf", XLIFF_2)):
        path = stored(tmp_path, name, content.replace("\n", "\r\n"))
        before = path.read_bytes()
        open_document(path, "en", "de").write(path, {})
        assert path.read_bytes() == before


BOMB = """<?xml version="1.0"?>
<!DOCTYPE x [
<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
<tmx><body><tu><tuv xml:lang="en"><seg>&b;</seg></tuv></tu></body></tmx>"""
OUTSIDE = BOMB.replace('<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">', '<!ENTITY b SYSTEM "file:///etc/hostname">')


@pytest.mark.parametrize("content", [BOMB, OUTSIDE, OUTSIDE.replace("ENTITY b", "ENTITY % b").replace("&b;", "x")])
def test_entities_are_refused_with_their_line(tmp_path: Path, content: str) -> None:
    path = stored(tmp_path, "in.tmx", content)
    with pytest.raises(DataError, match=r"in\.tmx:3: declares the entity '[ab]'"):
        TmxDocument(path, "en", "de")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TMX.replace("</tu>", "", 1), r"in\.tmx:11: is broken XML: mismatched tag"),
        (TMX[:200], "is broken XML"),
        ("", r"in\.tmx:1: is broken XML: no element found"),
        (TMX.replace("&amp;", "&nbsp;"), r"in\.tmx:7: is broken XML"),
        ("<a>" * 1000, "more than 200 elements"),
        (TMX.replace('encoding="UTF-8"', 'encoding="klingon"'), "unknown encoding 'klingon'"),
    ],
)
def test_broken_xml_names_the_line(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        TmxDocument(stored(tmp_path, "in.tmx", content), "en", "de")


def test_absent_languages_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no unit in 'ja'") as caught:
        TmxDocument(stored(tmp_path, "in.tmx", TMX), "ja", "de")
    assert "EN, de-DE, en-US, fr" in caught.value.way_out
    with pytest.raises(DataError, match=r"in\.xlf:4: its source language is 'en', not 'fr'"):
        XliffDocument(stored(tmp_path, "in.xlf", XLIFF), "de", "fr")
    with pytest.raises(DataError, match="its target language is 'de', not 'zh'"):
        XliffDocument(stored(tmp_path, "in.xlf", XLIFF_2), "zh", "en")
