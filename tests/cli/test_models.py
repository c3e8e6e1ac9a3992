from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.engine.test_hub import Server
from tests.tiny import refused, toolkit
from toolkit.engine.shelf import SHIPPED, shipped_models


def test_shipped_models_are_listed_with_licence_and_results() -> None:
    entries = toolkit("models", "--json").json
    assert [entry["name"] for entry in entries] == shipped_models()
    clothes = next(entry for entry in entries if entry["name"] == "fashion-mnist")
    assert clothes["license"] == "mit"
    assert clothes["results"]["frechet_distance"] > 0
    words = toolkit("models").out
    assert all(name in words for name in shipped_models())


def test_a_run_of_ones_own_is_described_too(trained: Path) -> None:
    (entry,) = toolkit("models", str(trained), "--json").json
    assert entry["name"] == str(trained)
    assert entry["task"] == "image"
    assert entry["license"] is None, "the toolkit does not know what the data allows"


def test_the_card_of_a_model_is_shown_by_name_and_by_folder(trained: Path) -> None:
    words = toolkit("show", "fashion-mnist").out
    assert "license: mit" in words
    assert "# fashion-mnist" in words
    assert "---" not in words.splitlines()[:12]
    assert "Made by adversarial-toolkit" in toolkit("show", str(trained)).out
    (entry,) = toolkit("show", "fashion-mnist", "--json").json
    assert (entry["kind"], entry["facts"]["license"]) == ("model", "mit")


def test_a_model_and_a_part_of_one_name_are_both_shown() -> None:
    words = toolkit("show", "emoji").out
    assert "datasets/emoji" in words
    assert "models/emoji" in words
    assert [entry["kind"] for entry in toolkit("show", "emoji", "--json").json] == ["datasets", "model"]


def test_an_unknown_name_is_compared_with_parts_and_models() -> None:
    assert "did you mean 'fashion-mnist'" in refused("show", "fashon-mnist")
    assert "did you mean 'hinge'" in refused("show", "losses/hingee")


def test_a_model_is_pushed_to_a_private_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", server)  # type: ignore[arg-type]
    assert toolkit("push", "digits-classifier", "me/digits").out.strip() == "https://example.org/me/digits"
    assert server.private
    pushed = server.root / "me/digits"
    assert (pushed / "model.safetensors").read_bytes() == (
        SHIPPED / "digits-classifier" / "model.safetensors"
    ).read_bytes()
