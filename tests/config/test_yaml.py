from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.config.yaml import dump_yaml, parse_value, parse_yaml
from toolkit.errors import ConfigError

_texts = st.text()
_plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _texts
_documents = st.dictionaries(
    _texts, st.recursive(_plain, lambda inner: st.lists(inner) | st.dictionaries(_texts, inner), max_leaves=12)
)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1e-3", 1e-3), ("5E4", 5e4), ("-2e+1", -20.0), (".5e2", 50.0), ("1.e3", 1000.0), ("1_000e1", 10_000.0)],
)
def test_exponents_are_numbers(text: str, number: float) -> None:
    assert parse_value(text) == number
    assert parse_yaml(f"lr: {text}", "r.yaml") == {"lr": number}


@pytest.mark.parametrize("text", ["1e", "e3", "1e3x", "v1e-3", "1e-3-4", "r1"])
def test_what_only_resembles_a_number_stays_text(text: str) -> None:
    assert parse_value(text) == text


@pytest.mark.parametrize("text", ["2024-13-45", "0x_", "[1, 2", "a: b: c", "!!python/object/apply:os.getcwd []"])
def test_a_value_that_is_no_yaml_stays_text(text: str) -> None:
    assert parse_value(text) == text


@given(st.text(alphabet="[]{}:,-?&*!|>%@`\"'# \n0123456789abxe.=<~_\t"))
@settings(deadline=None)
def test_no_value_breaks_the_command_line(text: str) -> None:
    parse_value(text)


@given(_documents)
@settings(deadline=None)
def test_what_is_written_is_read_back(document: dict[str, Any]) -> None:
    assert parse_yaml(dump_yaml(document), "r.yaml") == document


def test_texts_that_look_like_numbers_stay_texts() -> None:
    assert parse_yaml(dump_yaml({"name": "1e5"}), "r.yaml") == {"name": "1e5"}


def test_shared_values_are_repeated_and_not_pointed_to() -> None:
    shared = {"lr": 1}
    assert dump_yaml({"a": shared, "b": shared}) == "a:\n  lr: 1\nb:\n  lr: 1\n"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: 1\nb:\n  c: 2\n  c: 3\n", "line 4, column 3", "the key 'c' stands twice"),
        ("a: 1\na: 1\n", "line 2, column 1", "the key 'a' stands twice"),
        ("a: {b: 1, b: 2}\n", "line 1, column 11", "the key 'b' stands twice"),
        ("? [a]\n: b\n", "line 1, column 3", "a key is a plain name"),
        ("a: [1, 2\n", "line 2, column 1", "expected ',' or ']'"),
        ("a: *nowhere\n", "line 1, column 4", "undefined alias"),
    ],
)
def test_errors_name_file_line_and_column(text: str, place: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "my/recipe.yaml")
    assert "my/recipe.yaml" in str(caught.value)
    assert caught.value.problems[0].path == place
    assert words in caught.value.problems[0].message


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "just words", "a: 2024-13-45", "a: \x01"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"r\.yaml"):
        parse_yaml(text, "r.yaml")


def test_merge_keys_may_be_overridden() -> None:
    text = "base: &base {lr: 1, beta: 2}\nchanged: {<<: *base, lr: 3}\n"
    assert parse_yaml(text, "r.yaml")["changed"] == {"lr": 3, "beta": 2}
