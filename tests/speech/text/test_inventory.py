"""The speaker's inventory, and how near phones are to each other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.errors import CheckpointError, DataError
from toolkit.speech.text.inventory import PADDING, Inventory
from toolkit.speech.text.phone_features import distance, nearest_phone

CORPUS = [("ð", "ə", " ", "k", "ˈ", "æ", "t", "."), ("k", "ˈ", "æ", "t", "s", ",", "t", "u")]


def test_symbols_are_counted_and_numbered() -> None:
    inventory = Inventory.of(CORPUS)
    assert inventory.symbols == (" ", ",", ".", "ˈ", "k", "s", "t", "u", "æ", "ð", "ə")
    assert inventory.counts["t"] == 3
    assert len(inventory) == 12
    assert inventory.encode(("k", "ˈ", "æ", "t")) == [5, 4, 9, 7]
    assert inventory.decode([5, PADDING, 9]) == ("k", "æ")
    assert "t" in inventory
    assert "ʒ" not in inventory


def test_numbers_do_not_depend_on_the_order_of_the_corpus() -> None:
    assert Inventory.of(CORPUS) == Inventory.of([tuple(reversed(symbols)) for symbols in reversed(CORPUS)])


def test_what_was_never_heard_is_named_with_the_nearest() -> None:
    inventory = Inventory.of(CORPUS)
    with pytest.raises(DataError, match=r"'d' \(nearest: 't'\), 'z' \(nearest: 's'\), '😀'"):
        inventory.encode(("z", "d", "k", "😀"))
    with pytest.raises(DataError, match="99 is no number"):
        inventory.decode([99])


def test_the_nearest_can_take_its_place() -> None:
    inventory = Inventory.of(CORPUS)
    assert inventory.fit(("z", "æ", "!", "ˌ", "5")) == (
        ("s", "æ", ".", "ˈ", "5"),
        {"z": "s", "!": ".", "ˌ": "ˈ", "5": ""},
    )


def test_coverage_says_what_a_corpus_lacks() -> None:
    needed = Inventory({"k": 50, "t": 30, "ʒ": 15, "ɔɪ": 5})
    coverage = Inventory({"k": 20, "t": 3}).coverage(needed, least=10)
    assert coverage.missing == (("ʒ", 15), ("ɔɪ", 5))
    assert coverage.rare == (("t", 3),)
    assert coverage.share == pytest.approx(0.8)
    assert str(coverage).splitlines() == [
        "80.00% of the symbols are in the inventory",
        "missing: ʒ (15 wanted), ɔɪ (5 wanted)",
        "fewer than 10 times: t (3)",
    ]
    assert needed.coverage(needed, least=1).missing == ()


def test_it_survives_a_file() -> None:
    inventory = Inventory.of(CORPUS)
    again = Inventory.from_document(json.loads(json.dumps(inventory.to_document())))
    assert again == inventory
    assert dict(again.counts) == dict(inventory.counts)


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"padding": 0},
        {"padding": 1, "symbols": {"a": 1}},
        {"padding": 0, "symbols": {"a": "b"}},
        {"padding": 0, "symbols": ["a"]},
    ],
)
def test_a_damaged_file_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(CheckpointError, match="inventory is damaged"):
        Inventory.from_document(document)


@given(st.lists(st.lists(st.text(min_size=1, max_size=3), max_size=8), max_size=5))
def test_what_is_encoded_can_be_decoded(corpus: list[list[str]]) -> None:
    inventory = Inventory.of(corpus)
    for symbols in corpus:
        numbers = inventory.encode(symbols)
        assert PADDING not in numbers
        assert inventory.decode(numbers) == tuple(symbols)


@pytest.mark.parametrize(
    ("phone", "known", "near"),
    [
        ("ɜ", ["i", "ɛ", "u"], "ɛ"),
        ("z", ["s", "t", "m"], "s"),
        ("ɹ", ["r", "l", "n"], "r"),
        ("y", ["u", "i", "a"], "i"),
        ("ɔ̃", ["ɔ", "a", "i"], "ɔ"),
        ("aː", ["a", "o"], "a"),
        ("pʰ", ["p", "b", "t"], "p"),
        ("oʊ", ["o", "aɪ", "i"], "o"),
        ("t͡ʃ", ["tʃ", "k"], "tʃ"),
        ("a", ["p", "t"], None),
        ("😀", ["a", "p"], None),
        ("1", ["a", "2"], None),
    ],
)
def test_the_nearest_phone(phone: str, known: list[str], near: str | None) -> None:
    assert nearest_phone(phone, known) == near


@given(st.sampled_from("iyeøɛaɑɔouəɚpbtdkgszʃʒmnŋlrɹjwh"), st.sampled_from("iyeøɛaɑɔouəɚpbtdkgszʃʒmnŋlrɹjwh"))
def test_distance_is_symmetric_and_zero_only_for_the_same(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)
