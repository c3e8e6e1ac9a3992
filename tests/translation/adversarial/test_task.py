"""The game of translation whole: every estimator and discriminator trains, resumes exactly, starts, keeps its guard."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch

import toolkit
from tests.translation import toy
from tests.translation.adversarial.games import CROSS_ENTROPY, PAIR_CNN, game
from toolkit.adversarial.estimators import Draw, ScoreFunction, StraightThrough
from toolkit.config import build, load_recipe
from toolkit.data.sequences import padded
from toolkit.engine.randomness import Noise
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.runs.assemble import open_recipe
from toolkit.translation.segmented import IGNORED

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")
pytest.importorskip("sacrebleu")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of cross entropy alone, which knows the toy language a little."""
    folder = tmp_path_factory.mktemp("begun")
    toolkit.train(toy.recipe(folder / "data", 60), folder / "run", quiet=True)
    return folder / "run"


def reports(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


VARIANTS: dict[str, dict[str, Any]] = {
    "score function": {},
    "prefixes": {
        "discriminators": {"main": {"name": "pair_transformer", "width": 16, "heads": 2, "prefixes": True}},
        "estimator": {"name": "score_function", "credit": "prefix", "weight": 0.1},
    },
    "roll-outs": {
        "estimator": {"name": "score_function", "credit": "roll_outs", "roll_outs": 1},
        "trainer__batch_tokens": 64,
    },
    "straight-through": {
        "task": {"name": "adversarial_translation", "form": "rows"},
        "estimator": {"name": "straight_through", "temperature": 0.8},
        "discriminators": {"grid": {"name": "alignment_cnn", "embedding": 8, "channels": 4}, "pair": PAIR_CNN},
        "penalties": [{"name": "r1", "weight": 0.1}],
    },
    "professor forcing": {
        "task": "professor_forcing",
        "estimator": {"name": "pathwise", "weight": 0.1},
        "discriminators": {"main": {"name": "state_cnn", "states": 32, "filters": 8}},
    },
    "rewards": {
        "discriminators": {},
        "task": "translation",
        "terms": [
            CROSS_ENTROPY,
            {"name": "minimum_risk", "candidates": 2},
            {
                "name": "sequence_reward",
                "metric": "bleu",
                "weight": {"name": "linear", "start": 0, "end": 1, "samples": 99},
            },
        ],
    },
    "perturbed": {
        "discriminators": {},
        "task": "translation",
        "terms": [
            CROSS_ENTROPY,
            {"name": "embedding_perturbation"},
            {"name": "embedding_perturbation", "kind": "adversarial", "sides": "source"},
        ],
    },
}


@pytest.mark.parametrize("name", VARIANTS)
def test_every_kind_of_game_moves_the_generator_and_reports(name: str, begun: Path, tmp_path: Path) -> None:
    document = {**game(tmp_path / "data", 3, **VARIANTS[name]), "start": str(begun)}
    run = toolkit.train(document, tmp_path / "run", quiet=True).path
    last = [report for report in reports(run) if "step" in report][-1]
    assert all(math.isfinite(value) for value in last.values())
    assert last["skipped_turns"] == 0
    assert last["gradient/generator"] > 0
    if document["discriminators"]:
        assert "generator/adversarial" in last
        assert 0 <= last["accuracy"] <= 1
    if name == "rewards":
        assert 0 <= last["reward"] <= 1
    ours, theirs = (toolkit.load(path).network.state_dict() for path in (run, begun))
    assert any(not torch.equal(ours[key], theirs[key]) for key in ours)


def test_a_game_that_was_interrupted_ends_with_the_same_weights(begun: Path, tmp_path: Path) -> None:
    guard: dict[str, Any] = {
        "trainer__accuracy_band": [0.55, 0.8],
        "trainer__discriminator_warmup": 100,
        "trainer__fall_back": 2.0,
        "trainer__evaluate_every": 4,
        "report__evaluation_samples": 8,
        "generator__dropout": 0.1,
    }
    document = {**game(tmp_path / "data", 10, **guard), "start": str(begun)}
    whole = toolkit.train(document, tmp_path / "whole", quiet=True).path
    parts = toolkit.train(document, tmp_path / "parts", ["trainer.steps=7"], quiet=True).path
    toolkit.resume(parts, ["trainer.steps=10"], quiet=True)
    ours, theirs = (toolkit.load(path).network.state_dict() for path in (whole, parts))
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    said = (whole / "notes.txt").read_text()
    assert "guard: bleu is" in said
    assert "game:" in said


def test_a_start_of_another_vocabulary_or_language_is_refused(begun: Path, tmp_path: Path) -> None:
    other = {**game(tmp_path / "a", 2, data__kind="bpe"), "start": str(begun)}
    with pytest.raises(CheckpointError, match=r"(?s)another vocabulary.*data\.segmentation"):
        toolkit.train(other, tmp_path / "run", quiet=True)
    other = {**game(tmp_path / "b", 2, data__target_language="de"), "start": str(begun)}
    with pytest.raises(CheckpointError, match="translates en to nl"):
        toolkit.train(other, tmp_path / "run", quiet=True)
    own = {**game(tmp_path / "c", 1, data__kind="bpe", data__segmentation=str(begun)), "start": str(begun)}
    toolkit.train(own, tmp_path / "own", quiet=True)


def opened(folder: Path, form: str) -> tuple[Any, torch.nn.Module, dict[str, torch.Tensor]]:
    found = open_recipe(load_recipe(game(folder, 1, task={"name": "adversarial_translation", "form": form})))
    torch.manual_seed(0)
    network = build("generators", found.recipe.generator, "generator")
    pairs = found.task.pairs  # type: ignore[attr-defined]
    return found.task, network, padded([pairs[place] for place in range(5)], pairs.padding)


def test_samples_end_once_and_belong_to_the_sample_alone(tmp_path: Path) -> None:
    task, network, batch = opened(tmp_path, "ids")
    segmenter = task.pairs.segmenter
    draw = Draw(Noise(0, 3, torch.arange(5)), ScoreFunction())
    output = task.generate(network, batch, draw)
    assert output.data.shape == task.real(batch).shape
    for row, mask, target in zip(output.data.tolist(), output.mask, batch["target"], strict=True):
        written = [one for one in row if one != segmenter.pad_id]
        assert row == written + [segmenter.pad_id] * (len(row) - len(written))
        assert segmenter.eos_id not in written[:-1]
        assert len(written) <= int((target != IGNORED).sum()) + task.room
        assert mask.sum() == len(written)
    assert network.training
    part = task.generate(network, {name: column[2:4] for name, column in batch.items()}, draw.part(2, 4))
    assert torch.equal(part.data, output.data[2:4])


def test_soft_rows_are_the_ids_that_were_drawn(tmp_path: Path) -> None:
    task, network, batch = opened(tmp_path, "rows")
    output = task.generate(network, batch, Draw(Noise(0, 3, torch.arange(5)), StraightThrough()))
    with torch.no_grad():
        plain = task.generate(network, batch, Draw(Noise(0, 3, torch.arange(5)), StraightThrough()))
    torch.testing.assert_close(output.data.detach(), plain.data, atol=1e-5, rtol=0)
    (gradient,) = torch.autograd.grad(output.data.square().sum(), [network.get_input_embeddings().weight])
    assert gradient.abs().sum() > 0


def test_completions_keep_what_was_begun(tmp_path: Path) -> None:
    task, network, batch = opened(tmp_path, "ids")
    draw = Draw(Noise(0, 3, torch.arange(5)), ScoreFunction())
    output = task.generate(network, batch, draw)
    completed = task.complete(network, batch, output, 3, draw.scope("other"))
    assert torch.equal(completed.data[:, :3], output.data[:, :3])
    assert not torch.equal(completed.data, output.data)


def test_ids_let_no_gradient_pass_and_the_words_say_what_to_set(tmp_path: Path) -> None:
    task, network, batch = opened(tmp_path, "ids")
    with pytest.raises(ToolkitError, match=r"task\.form=rows"):
        task.generate(network, batch, Draw(Noise(0, 0, torch.arange(5)), StraightThrough()))
    document = game(tmp_path / "data", 1, penalties=[{"name": "r1"}])
    with pytest.raises(ToolkitError, match=r"task\.form=rows"):
        toolkit.train(document, tmp_path / "run", quiet=True)
