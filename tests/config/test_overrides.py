from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.config.overrides import apply_overrides, apply_variants, merge
from toolkit.errors import ConfigError

BASE: dict[str, Any] = {
    "seed": 1,
    "loss": "hinge",
    "generator": {"name": "dcgan", "width": 64},
    "penalties": [{"name": "r1", "weight": 1}, "r2"],
    "trainer": {"steps": 10},
}

_documents = st.recursive(
    st.dictionaries(st.sampled_from("abcd"), st.integers() | st.text(max_size=3), max_size=4),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner | st.integers(), max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("seed=7", ["seed"], 7),
        ("generator.width=32", ["generator", "width"], 32),
        ("trainer.clip_gradient=1e-3", ["trainer", "clip_gradient"], 1e-3),
        ("penalties.0.weight=3", ["penalties", 0, "weight"], 3),
        ("penalties.1.weight=3", ["penalties", 1], {"name": "r2", "weight": 3}),
        ("penalties.0=lecam", ["penalties", 0], "lecam"),
        ("loss.margin=2", ["loss"], {"name": "hinge", "margin": 2}),
        ("loss=", ["loss"], None),
        ("penalties=[]", ["penalties"], []),
        ("generator={name: residual, width: 8}", ["generator"], {"name": "residual", "width": 8}),
        ("engine.device=cpu", ["engine"], {"device": "cpu"}),
        ("data.path=/a=b", ["data", "path"], "/a=b"),
        (" seed =5", ["seed"], 5),
    ],
)
def test_a_dotted_path_sets_one_value(override: str, path: list[Any], value: Any) -> None:
    found: Any = apply_overrides(BASE, [override])
    for step in path:
        found = found[step]
    assert found == value


def test_overrides_apply_in_order_and_leave_the_document_alone() -> None:
    changed = apply_overrides(BASE, ["loss=minimax", "loss.margin=1", "penalties.0.weight=9"])
    assert changed["loss"] == {"name": "minimax", "margin": 1}
    assert BASE["loss"] == "hinge"
    assert BASE["penalties"][0]["weight"] == 1


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("seed", "looks like `section.option=value`"),
        ("=3", "looks like `section.option=value`"),
        ("seed.deeper=3", "'seed' is 1 and has no members"),
        ("penalties.2.weight=3", "'penalties' is a list of 2; '2' is no place in it"),
        ("penalties.-1=r1", "'-1' is no place in it"),
        ("penalties.first=r1", "'first' is no place in it"),
    ],
)
def test_a_path_that_leads_nowhere_is_named(override: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        apply_overrides(BASE, [override], "r.yaml")
    assert words in str(caught.value)
    assert "r.yaml" in str(caught.value)


def test_all_wrong_overrides_are_reported_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        apply_overrides(BASE, ["nonsense", "seed=2", "seed.a=1", "penalties.7=r1"])
    assert [problem.path for problem in caught.value.problems] == ["nonsense", "seed.a", "penalties.7"]


def test_the_one_discriminator_keeps_its_short_name_in_a_stored_recipe() -> None:
    stored = {"discriminators": {"main": {"name": "dcgan", "width": 8}}}
    changed = apply_overrides(stored, ["discriminator.width=16"])
    assert changed == {"discriminators": {"main": {"name": "dcgan", "width": 16}}}


def test_a_second_discriminator_may_stand_beside_the_one_that_was_written_short() -> None:
    short = {"discriminator": "dcgan"}
    both = apply_overrides(short, ["discriminators.second=residual", "discriminator.width=8"])
    assert both == {"discriminators": {"main": {"name": "dcgan", "width": 8}, "second": "residual"}}
    assert apply_overrides(short, ["discriminators={}"]) == {"discriminators": {}}


def test_a_variant_changes_parameters_but_replaces_another_part_whole() -> None:
    change = {"generator": {"width": 8}, "loss": {"margin": 2}, "trainer": {"steps": 5, "batch_size": 2}}
    merged = merge(BASE, change)
    assert merged["generator"] == {"name": "dcgan", "width": 8}
    assert merged["loss"] == {"name": "hinge", "margin": 2}
    assert merged["trainer"] == {"steps": 5, "batch_size": 2}
    assert merge(BASE, {"generator": {"name": "residual"}})["generator"] == {"name": "residual"}
    assert merge(BASE, {"penalties": []})["penalties"] == []
    assert merge(BASE, {"ema": None})["ema"] is None


@given(_documents)
def test_merging_nothing_or_oneself_changes_nothing(document: dict[str, Any]) -> None:
    assert merge(document, {}) == document
    assert merge({}, document) == document
    assert merge(document, document) == document


def test_variants_apply_before_overrides_and_in_order() -> None:
    document = {**BASE, "variants": {"a": {"seed": 2, "loss": "minimax"}, "b": {"seed": 3}}}
    assert apply_variants(document, ["seed=9", "variant=a"])["seed"] == 9
    changed = apply_variants(document, ["variant=a,b"])
    assert (changed["seed"], changed["loss"]) == (3, "minimax")
    assert apply_variants(document, ["variant=b", "variant=a"])["seed"] == 2
    assert "variants" not in apply_variants(document, [])


@pytest.mark.parametrize(
    ("variants", "chosen", "words"),
    [
        ({"wide": {}}, "wid", "did you mean 'wide'?"),
        (None, "wide", "there is no variant 'wide'"),
        (5, "wide", "variants: expected a mapping"),
        ({"wide": 3}, "wide", "variants.wide: expected a mapping"),
        ({1: {}}, "wide", "choices: 1"),
    ],
)
def test_a_variant_that_is_none_is_named(variants: Any, chosen: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        apply_variants({**BASE, "variants": variants}, [f"variant={chosen}"], "r.yaml")
    assert words in str(caught.value)
