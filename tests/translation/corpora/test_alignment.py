"""Where the sides of a corpus stop belonging together."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from toolkit.translation.corpora.alignment import Misalignment, find_misalignment
from toolkit.translation.text_files import lines

DATA = Path(os.environ.get("TOOLKIT_DATA", ""))


def corpus(count: int, seed: int) -> tuple[list[str], list[str]]:
    """Sentences whose lengths go along with those of their translations, about as loosely as in German and English."""
    chance = random.Random(seed)
    pairs = []
    for _ in range(count):
        length = chance.randint(3, 25)
        one = " ".join("w" * chance.randint(1, 9) for _ in range(length))
        other = "x" * max(3, round(len(one) * chance.gauss(1.15, 0.15)))
        pairs.append((one + ".", other + "."))
    return [one for one, _ in pairs], [other for _, other in pairs]


@pytest.mark.parametrize("seed", range(8))
def test_sides_that_belong_together_are_left_alone(seed: int) -> None:
    assert find_misalignment(*corpus(400, seed)) is None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [1, 2])
def test_lengths_alone_tell_where_lines_were_lost(seed: int, count: int) -> None:
    source, target = corpus(400, seed)
    for side, sign in ((target, -1), (source, 1)):
        kept = side[200 : 200 + count]
        del side[200 : 200 + count]
        found = find_misalignment(source, target)
        assert found is not None
        assert abs(found.line - 201) <= 4
        assert found.shift == sign * count
        side[200:200] = kept


def test_a_shift_that_ends_again() -> None:
    source, target = corpus(600, 1)
    del target[200], source[400]
    found = find_misalignment(source, target)
    assert found is not None
    assert abs(found.line - 201) <= 4
    assert abs(found.last - 400) <= 4
    assert found.words == "the target side lacks 1 line there"


@pytest.mark.parametrize("clue", ["{} 123 {}", "{} %s {}", "{} Tatoeba {}"])
def test_numbers_placeholders_and_names_tell_it_too(clue: str) -> None:
    form = clue.replace("123", "{number}").replace("%s", "%{number}$s").replace("Tatoeba", "Name{number}")
    source = [form.format("word", "next", number=number % 89) for number in range(200)]
    target = [form.format("wort", "dann", number=number % 89) for number in range(200)]
    assert find_misalignment(source, target) is None
    del target[99]
    found = find_misalignment(source, target)
    assert found is not None
    assert (found.line, found.last, found.shift) == (100, 199, -1)


@pytest.mark.parametrize("count", [0, 1, 9, 100])
def test_nothing_is_claimed_where_nothing_can_be_known(count: int) -> None:
    assert find_misalignment(["same"] * count, ["gleich"] * count) is None
    assert find_misalignment(["same"] * count, ["gleich"] * (count // 2)) is None


def test_words_for_people() -> None:
    assert Misalignment(1, 9, 2, 50.0).words == "the source side lacks 2 lines there"


@pytest.mark.skipif(not (DATA / "multi30k").is_dir(), reason="no multi30k folder in $TOOLKIT_DATA")
@pytest.mark.parametrize("language", ["de", "fr"])
def test_real_captions(language: str) -> None:
    source = list(lines(DATA / "multi30k" / "val.en"))
    target = list(lines(DATA / "multi30k" / f"val.{language}"))
    assert find_misalignment(source, target) is None
    del target[500]
    found = find_misalignment(source, target)
    assert found is not None
    assert abs(found.line - 501) <= 5
    assert found.shift == -1


@pytest.mark.skipif(not (DATA / "tatoeba").is_dir(), reason="no tatoeba folder in $TOOLKIT_DATA")
@pytest.mark.parametrize("language", ["cmn", "deu", "fra"])
def test_real_sentences(language: str) -> None:
    source = list(lines(DATA / "tatoeba" / f"tatoeba.{language}-eng.eng"))
    target = list(lines(DATA / "tatoeba" / f"tatoeba.{language}-eng.{language}"))
    assert find_misalignment(source, target) is None
    del source[250:252]
    found = find_misalignment(source, target)
    assert found is not None
    assert abs(found.line - 251) <= 5
    assert found.shift == 2
