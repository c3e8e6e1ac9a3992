from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

import toolkit
from tests.engine.test_hub import Server
from toolkit.errors import CheckpointError


def test_a_copy_of_a_model_makes_the_same_pictures(tmp_path: Path) -> None:
    copy = toolkit.save_pretrained("fashion-mnist", tmp_path / "copy")
    pictures = [toolkit.from_pretrained(name).generate(count=2, seed=3).pixels for name in ("fashion-mnist", copy)]
    assert np.array_equal(*pictures)
    with pytest.raises(CheckpointError, match="exists already"):
        toolkit.save_pretrained("fashion-mnist", copy)


def test_a_model_goes_to_the_hub_and_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(tmp_path)
    monkeypatch.setitem(sys.modules, "huggingface_hub", server)  # type: ignore[arg-type]
    toolkit.push_to_hub("fashion-mnist", "me/clothes", private=False)
    assert not server.private
    back = toolkit.from_pretrained("hf://me/clothes").generate(count=2, seed=3).pixels
    assert np.array_equal(back, toolkit.load("fashion-mnist").generate(count=2, seed=3).pixels)
