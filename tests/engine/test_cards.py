from __future__ import annotations

from pathlib import Path

import pytest
import torch

from toolkit.engine.cards import Card, read_card, summary
from toolkit.engine.models import save_model
from toolkit.engine.shelf import SHIPPED, shipped_models
from toolkit.errors import CheckpointError, ConfigError

TEXT = "# mine\n\n| a | b |\n| --- | --- |\n"


def test_a_card_comes_back_as_it_was_written() -> None:
    card = Card(TEXT, {"license": "mit", "datasets": ["a (MIT)"], "results": {"accuracy": 0.5}})
    assert Card.parse(str(card)) == card
    assert Card.parse(TEXT) == Card(TEXT)
    assert str(Card(TEXT)) == TEXT


def test_a_rule_in_the_text_is_no_head() -> None:
    assert Card.parse("# mine\n---\nlicense: mit\n---\n").facts == {}
    assert Card.parse("---\nnot closed\n").facts == {}


def test_facts_that_are_no_yaml_are_explained(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("---\nlicense: [mit\n---\n# mine\n")
    with pytest.raises(ConfigError, match=r"README\.md"):
        read_card(tmp_path)


def test_a_summary_tells_what_a_list_of_models_needs(tmp_path: Path) -> None:
    card = Card(TEXT, {"license": "mit", "datasets": ["a"], "recipe": "image/x", "results": {"accuracy": 0.5}})
    save_model(tmp_path / "mine", {"weight": torch.ones(2)}, {"pipeline": "image"}, str(card))
    found = summary(tmp_path / "mine")
    assert {key: found[key] for key in ("name", "task", "license", "data", "recipe", "results")} == {
        "name": "mine",
        "task": "image",
        "license": "mit",
        "data": ["a"],
        "recipe": "image/x",
        "results": {"accuracy": 0.5},
    }
    assert found["bytes"] == sum(file.stat().st_size for file in (tmp_path / "mine").iterdir())
    assert len(found["sha256"]) == 64
    with pytest.raises(CheckpointError):
        summary(tmp_path)


@pytest.mark.parametrize("name", shipped_models())
def test_every_shipped_model_says_what_it_is_made_of(name: str) -> None:
    found = summary(SHIPPED / name)
    assert found["task"]
    assert found["license"]
    assert found["data"]
    assert found["recipe"]
    assert found["results"]
    assert all(isinstance(value, float) for value in found["results"].values())


def test_shipped_models_are_small() -> None:
    sizes = {name: summary(SHIPPED / name)["bytes"] for name in shipped_models()}
    assert sum(sizes.values()) <= 30 * 2**20, sizes
    assert max(sizes.values()) <= 10e6, sizes
