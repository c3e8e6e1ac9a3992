from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from toolkit.engine.checkpoint import Checkpoint, CheckpointStore
from toolkit.errors import CheckpointError, ToolkitError


def save(store: CheckpointStore, step: int, score: float | None = None) -> Checkpoint:
    weights = {"generator": {"w": torch.full((4,), float(step))}, "discriminator": {"b": torch.zeros(2)}}
    return store.save(step, weights, {"step": step}, {"recipe.yaml": f"steps: {step}\n"}, score)


def steps(store: CheckpointStore) -> list[int]:
    return [checkpoint.step for checkpoint in store.all()]


def test_everything_comes_back(tmp_path: Path) -> None:
    network = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(network.parameters())
    network(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    state = {"optimizer": optimizer.state_dict(), "samples": 64, "names": ("a", ["b"], {"c": None}), "rate": 1e-3}
    store = CheckpointStore(tmp_path)
    saved = store.save(7, {"generator": network.state_dict()}, state, {"recipe.yaml": "näme: x\r\n"}, score=1.5)
    found = store.latest()
    assert found == saved == Checkpoint(7, tmp_path / "step-00000007")
    assert found.players == ("generator",)
    assert found.score == 1.5
    assert found.document("recipe.yaml") == "näme: x\r\n"
    assert torch.equal(found.weights("generator")["weight"], network.weight)
    other = torch.optim.Adam(nn.Linear(3, 2).parameters())
    other.load_state_dict(found.state()["optimizer"])
    assert torch.equal(other.state_dict()["state"][0]["exp_avg"], optimizer.state_dict()["state"][0]["exp_avg"])
    assert {key: value for key, value in found.state().items() if key != "optimizer"} == {
        key: value for key, value in state.items() if key != "optimizer"
    }


def test_a_new_run_has_no_checkpoint(tmp_path: Path) -> None:
    assert CheckpointStore(tmp_path / "never made").latest() is None
    assert CheckpointStore(tmp_path / "never made").all() == []


def test_asking_for_what_is_not_there_is_explained(tmp_path: Path) -> None:
    checkpoint = save(CheckpointStore(tmp_path), 1)
    with pytest.raises(CheckpointError, match="no player named 'generatr'; did you mean 'generator'"):
        checkpoint.weights("generatr")
    with pytest.raises(CheckpointError, match="no such document"):
        checkpoint.document("notes.txt")
    (checkpoint.path / "state.pt").write_bytes(b"junk")
    with pytest.raises(CheckpointError, match=r"state\.pt cannot be read"):
        checkpoint.state()
    with pytest.raises(CheckpointError, match=r"damaged: state\.pt has 4 bytes"):
        checkpoint.verify()


def test_a_state_that_could_not_be_loaded_is_refused_while_there_is_still_time(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    save(store, 1)
    for value in (np.float64(1.0), Path("x"), CheckpointStore(tmp_path)):
        with pytest.raises(CheckpointError, match="could not be loaded again"):
            store.save(2, {}, {"value": value})
    assert steps(store) == [1]


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "manifest.json", "state.pt", "generator.safetensors"])
def test_names_that_would_clash_or_escape_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CheckpointError, match="name"):
        CheckpointStore(tmp_path).save(1, {"generator": {}}, {}, {name: ""})
    assert not list(tmp_path.iterdir())


def test_saving_a_step_again_replaces_it(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    save(store, 5, score=1.0)
    assert save(store, 5, score=2.0).score == 2.0
    assert steps(store) == [5]


@pytest.mark.parametrize(
    ("lower_is_better", "kept"), [(True, [30, 40, 50]), (False, [20, 40, 50])], ids=["distance", "merit"]
)
def test_the_last_ones_and_the_best_one_are_kept(tmp_path: Path, lower_is_better: bool, kept: list[int]) -> None:
    store = CheckpointStore(tmp_path, keep_last=2, keep_best=1, lower_is_better=lower_is_better)
    for step, score in ((10, None), (20, 9.0), (30, 1.0), (40, float("nan")), (50, 5.0)):
        save(store, step, score)
    assert steps(store) == kept


def test_without_scores_only_the_last_ones_are_kept(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep_last=1, keep_best=3)
    for step in (1, 2, 3):
        save(store, step)
    assert steps(store) == [3]


def test_what_was_just_saved_is_kept_even_when_it_is_not_the_newest(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep_last=2, keep_best=0)
    for step in (300, 400, 100):
        save(store, step)
    assert 100 in steps(store)
    store.discard_after(100)
    assert steps(store) == [100]


def test_a_cut_checkpoint_does_not_count_among_those_to_keep(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep_last=2, keep_best=0)
    save(store, 1)
    damaged = save(store, 2)
    (damaged.path / "state.pt").unlink()
    save(store, 3)
    assert steps(store) == [1, 3]


def test_numbers_to_keep_out_of_range_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolkitError, match="keep_last must be at least 1"):
        CheckpointStore(tmp_path, keep_last=0)


def test_steps_of_many_digits_stay_in_order(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep_last=3)
    for step in (99_999_999, 100_000_000, 5):
        save(store, step)
    found = store.latest()
    assert found is not None
    assert found.step == 100_000_000


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "step-final").mkdir()
    (tmp_path / "step-00000001").write_text("a file")
    store = CheckpointStore(tmp_path, keep_last=1, keep_best=0)
    save(store, 2)
    save(store, 3)
    assert steps(store) == [3]
    assert (tmp_path / "step-final").is_dir()
    assert (tmp_path / "step-00000001").is_file()


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_one_flipped_bit_anywhere_is_found_and_the_one_before_is_used(tmp_path: Path, data: Any) -> None:
    store = CheckpointStore(tmp_path)
    if not store.all():
        save(store, 1, 1.0)
        save(store, 2, 2.0)
    newest = tmp_path / "step-00000002"
    path = data.draw(st.sampled_from(sorted(newest.iterdir())))
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) * 8 - 1))
    content[place // 8] ^= 1 << place % 8
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        with pytest.warns(RuntimeWarning, match=f"step-00000002 is damaged and is skipped: {path.name}"):
            found = store.latest()
        assert found is not None
        assert found.step == 1
    finally:
        path.write_bytes(before)


def test_a_truncated_file_is_found_and_named(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    save(store, 1)
    path = save(store, 2).path / "generator.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(RuntimeWarning, match=r"generator\.safetensors has \d+ bytes instead of \d+"):
        found = store.latest()
    assert found is not None
    assert found.step == 1


def test_a_missing_file_is_found_and_when_all_are_damaged_it_is_an_error(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    first, second = save(store, 1), save(store, 2)
    (first.path / "discriminator.safetensors").unlink()
    (second.path / "manifest.json").unlink()
    both = r"step-00000002: manifest.json is missing; step-00000001: discriminator.safetensors is missing"
    with pytest.warns(RuntimeWarning), pytest.raises(CheckpointError, match=both):
        store.latest()


def test_a_good_checkpoint_gives_no_warning(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    save(store, 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.latest() is not None


def test_a_newer_format_is_an_error_and_not_taken_for_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = CheckpointStore(tmp_path)
    save(store, 1)
    with monkeypatch.context() as future:
        future.setattr("toolkit.engine.manifest.FORMAT", 2)
        path = save(store, 2).path
    assert json.loads((path / "manifest.json").read_text())["format"] == 2
    with pytest.raises(CheckpointError, match="checkpoint format 2; this version reads up to 1"):
        store.latest()
