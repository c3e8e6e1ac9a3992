"""What cleaning takes out, what it leaves, and what it says."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.translation.corpora.test_alignment import corpus
from toolkit.errors import ConfigError, DataError
from toolkit.translation.corpora.cleaning import Rules, clean
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.corpora.reading import read_pairs
from toolkit.translation.corpora.report import merge
from toolkit.translation.corpora.text_pairs import read_text_pairs

pytest.importorskip("babel")

DATA = Path(os.environ.get("TOOLKIT_DATA", ""))


def reason(source: str, target: str, languages: tuple[str, str] = ("en", "de"), **rules: object) -> str | None:
    kept, report = clean([Pair(source, target, "f:1")], *languages, Rules(**rules))  # type: ignore[arg-type]
    assert report.total == 1
    assert len(kept) == report.kept == 1 - sum(report.counts.values())
    return next(iter(report.counts), None)


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("A dog.", "Ein Hund.", None),
        ("", "Ein Hund.", "empty side"),
        ("A dog.", " \u3000", "empty side"),
        ("Same words", "Same words", "identical sides"),
        ("12:30", "12:30", None),
        ("A dog.", "Собака.", "wrong script"),
        ("A dog runs after the ball in the park.", "Ja.", "length ratio"),
        ("Yes.", "Ja, natürlich.", None),
        ("a " * 300, "b " * 300, "too long"),
        ("a" * 50_000, "b", "too long"),
        ("A d\ufffdg.", "Ein Hund.", "damaged characters"),
        ("A d\x01og.", "Ein Hund.", "damaged characters"),
    ],
)
def test_reasons(source: str, target: str, expected: str | None) -> None:
    assert reason(source, target) == expected


def test_scripts_without_spaces_are_measured_in_characters() -> None:
    assert reason("The weather is nice today, isn't it?", "今天天气很好,不是吗?", ("en", "zh")) is None
    assert reason("The weather is nice today, isn't it?", "好", ("en", "zh")) == "length ratio"
    assert (
        reason("昨日は雨だったので家で本を読んでいました。", "It rained yesterday, so I read at home.", ("ja", "en"))
        is None
    )
    assert reason("Tom", "汤姆", ("en", "zh_TW")) is None
    assert reason("Good morning", "Guten Morgen", ("en", "zh")) == "wrong script"


def test_placeholders_are_compared_when_asked_for() -> None:
    assert reason("Copy %s", "Kopiere") is None
    assert reason("Copy %s", "Kopiere", placeholders=True) == "placeholders differ"
    assert reason("%(a)s of <b>%(b)s</b>", "<b>%(b)s</b> von %(a)s", placeholders=True) is None


def test_rules_can_be_relaxed_and_wrong_ones_are_told() -> None:
    assert reason("A dog.", "Собака.", min_script=0.0) is None
    assert reason("A dog runs after the ball in the park.", "Ja.", max_ratio=None) is None
    assert reason("Same words", "Same words", identical=False) is None
    with pytest.raises(ConfigError, match="max_ratio") as caught:
        Rules(max_ratio=0.5, max_words=0, min_script=2)
    assert len(caught.value.problems) == 3
    with pytest.raises(DataError, match="no language"):
        clean([], "klingonese")


def test_duplicates_keep_the_first_and_equal_after_plain_blanks() -> None:
    pairs = [Pair("a  b", "c", "f:1"), Pair("a b ", "c", "f:2"), Pair("a b", "d", "f:3"), Pair("e\u0301", "f", "f:4")]
    kept, report = clean([*pairs, Pair("é", "f", "f:5")])
    assert [(pair.source, pair.origin) for pair in kept] == [("a b", "f:1"), ("a b", "f:3"), ("é", "f:4")]
    assert report.counts == {"duplicate": 2}


def test_a_shifted_stretch_is_told_by_line_and_taken_out() -> None:
    source, target = corpus(500, 3)
    del target[299]
    good = [
        Pair(f"{one} good", f"{other} gut", f"good.tsv:{n}")
        for n, (one, other) in enumerate(zip(*corpus(300, 9), strict=True), 1)
    ]
    bad = [
        Pair(one, other, f"bad.tsv:{n}, unit x") for n, (one, other) in enumerate(zip(source, target, strict=False), 1)
    ]
    kept, report = clean([*good, *bad], rules=Rules(max_ratio=None))  # these words are not real
    (part,) = report.misaligned
    assert part.file == "bad.tsv"
    assert abs(int(part.begins.split(":")[1].split(",")[0]) - 300) <= 4
    assert part.shift == -1
    assert sum(pair.origin.startswith("good") for pair in kept) >= 295
    assert abs(report.counts["misaligned"] - 200) <= 10
    assert "warning: bad.tsv:" in report.to_text()
    assert not clean(bad, rules=Rules(misaligned=False))[1].misaligned


def test_the_report_shows_a_few_examples_and_goes_through_json() -> None:
    pairs = [Pair("", "x" * 100, f"f.tsv:{number}") for number in range(10)]
    _, report = clean([*pairs, Pair("ok then", "also gut", "f.tsv:11")])
    assert report.to_text().splitlines()[0] == "1 of 11 pairs kept (9.1 %)"
    assert report.to_text().count("f.tsv:") == 3
    stored = json.loads(json.dumps(report.to_json()))
    assert stored["removed"]["empty side"]["count"] == 10
    assert stored["removed"]["empty side"]["examples"][0]["origin"] == "f.tsv:0"
    both = merge([report, report])
    assert (both.total, both.kept, both.counts) == (22, 2, {"empty side": 20})
    assert len(both.examples["empty side"]) == 3


def test_an_empty_corpus() -> None:
    kept, report = clean([])
    assert kept == []
    assert report.to_text() == "0 of 0 pairs kept"


@pytest.mark.skipif(not (DATA / "multi30k").is_dir(), reason="no multi30k folder in $TOOLKIT_DATA")
def test_real_captions_are_kept_but_for_the_two_that_were_never_translated() -> None:
    pairs = list(read_text_pairs(DATA / "multi30k" / "train.en.gz", DATA / "multi30k" / "train.de.gz"))
    assert len(pairs) == 29_000
    _, report = clean(pairs[16_000:17_000], "en", "de")
    assert report.counts["length ratio"] == 2
    assert all(pair.target == "@@" for pair in report.examples["length ratio"])


@pytest.mark.skipif(not (DATA / "tatoeba").is_dir(), reason="no tatoeba folder in $TOOLKIT_DATA")
def test_real_sentences_with_chinese() -> None:
    _, report = clean(read_pairs(DATA / "tatoeba" / "eng-cmn.tsv"), "en", "cmn")
    assert report.total == 27_885
    assert report.kept > 27_700
    assert report.misaligned == []
