from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.judged import judged
from tests.tiny import forget_scripts, trained
from toolkit.adversarial.judge import CannotTellWarning
from toolkit.errors import CheckpointError, ToolkitError, TrainingError
from toolkit.image.grid import to_pixels
from toolkit.image.judging import judged_pages
from toolkit.image.pipeline import ImagePipeline
from toolkit.runs import evaluate, load

__all__ = ["forget_scripts", "judged", "trained"]


@pytest.fixture
def pipeline(judged: Path) -> ImagePipeline:
    found: ImagePipeline = load(judged, device="cpu")
    return found


def test_accepted_pictures_score_higher_and_come_with_their_origin(pipeline: ImagePipeline) -> None:
    pictures = pipeline.generate(60, seed=3, judge=True)
    assert len(pictures) == len(pictures.scores) == len(pictures.indices) == 60
    assert pictures.labels == tuple(place % 10 for place in range(60))
    assert all(0 <= score <= 1 for score in pictures.scores)
    assert pictures.candidates is not None
    assert pictures.acceptance_rate == 60 / pictures.candidates
    assert 0.2 < 60 / pictures.candidates < 0.7
    assert pictures.unjudged is not None
    assert np.mean(pictures.scores) > np.mean(pictures.unjudged.scores) + 0.05


def test_each_picture_can_be_made_again_from_its_latent_vector(pipeline: ImagePipeline) -> None:
    pictures = pipeline.generate(12, seed=3, judge=True)
    for place in range(12):
        z = pipeline.latent(3, pictures.indices[place])
        with torch.no_grad():
            again = pipeline.module(z[None], torch.tensor([pictures.labels[place]]))
        assert abs(to_pixels(again)[0].astype(int) - pictures.pixels[place]).max() <= 1


def test_an_accepted_picture_is_the_plain_one_of_its_index(pipeline: ImagePipeline) -> None:
    pictures = pipeline.generate(10, seed=3, judge=True)
    plain = pipeline.generate(max(pictures.indices) + 1, seed=3)
    assert (pictures.pixels == plain.pixels[list(pictures.indices)]).all()
    assert pictures.unjudged is not None
    assert (pictures.unjudged.pixels == plain.pixels[:10]).all()


def test_the_batch_does_not_change_what_is_kept_and_the_seed_does(pipeline: ImagePipeline) -> None:
    one, other = (pipeline.generate(25, seed=1, judge=True, batch_size=size) for size in (64, 7))
    assert other.indices == one.indices
    assert other.candidates == one.candidates
    assert other.scores == pytest.approx(one.scores, abs=1e-5)
    assert pipeline.generate(25, seed=2, judge=True).indices != one.indices


def test_more_pictures_keep_the_earlier_ones(pipeline: ImagePipeline) -> None:
    assert pipeline.generate(30, seed=1, judge=True).indices[:8] == pipeline.generate(8, seed=1, judge=True).indices


def test_one_class_is_judged_by_itself(pipeline: ImagePipeline) -> None:
    pictures = pipeline.generate(9, seed=1, label="3", judge=True)
    assert pictures.labels == (3,) * 9
    assert pictures.candidates is not None
    assert pictures.candidates > 9


def test_truncated_pictures_can_be_judged_too(pipeline: ImagePipeline) -> None:
    pictures = pipeline.generate(10, seed=3, judge=True, truncation=0.5)
    plain = pipeline.generate(max(pictures.indices) + 1, seed=3, truncation=0.5)
    assert (pictures.pixels == plain.pixels[list(pictures.indices)]).all()


def test_a_smaller_share_is_a_stricter_choice(pipeline: ImagePipeline) -> None:
    means, rates = [], []
    for acceptance in (0.9, 0.5, 0.15):
        pictures = pipeline.generate(60, seed=1, judge=True, acceptance=acceptance)
        means.append(float(np.mean(pictures.scores)))
        rates.append(pictures.acceptance_rate)
    assert means == sorted(means)
    assert rates == sorted(rates, key=lambda rate: -(rate or 0))


def test_pictures_can_be_scored_afterwards(pipeline: ImagePipeline) -> None:
    pictures = pipeline.generate(20, seed=1, judge=True)
    assert pipeline.score(pictures) == pytest.approx(pictures.scores, abs=0.02)  # bytes are rounded
    assert pipeline.generate(5, seed=1).scores == ()
    assert len(pipeline.score(pipeline.generate(5, seed=1))) == 5


def test_plain_generation_needs_no_judge_and_is_what_it_was(judged: Path, trained: Path) -> None:
    (judged / "discriminator.safetensors").unlink()
    plain = load(judged).generate(5, seed=4)
    assert (plain.pixels == load(trained).generate(5, seed=4).pixels).all()
    assert plain.indices == (0, 1, 2, 3, 4)
    with pytest.raises(CheckpointError, match=r"discriminator\.safetensors"):
        load(judged).generate(5, judge=True)


# -- before and after -------------------------------------------------------------------------------------------------


def test_the_effect_is_told_in_the_features_of_the_recipe(pipeline: ImagePipeline) -> None:
    told = pipeline.compare(pipeline.generate(80, seed=1, judge=True))
    assert told["features"] == "pixels-8x8"
    assert told["real"].endswith("real pictures (validation)")
    assert told["after"]["mean_score"] > told["before"]["mean_score"]
    assert told["before"]["frechet_distance"] != told["after"]["frechet_distance"]
    assert min(told[side]["frechet_distance"] for side in ("before", "after")) > 0


def change_judge(model: Path, **entries: Any) -> ImagePipeline:
    """The model with other entries under "judge"."""
    file = model / "config.json"
    config = json.loads(file.read_text())
    config["judge"] |= entries
    file.write_text(json.dumps(config))
    found: ImagePipeline = load(model)
    return found


def test_where_there_can_be_no_distance_the_reason_is_said(judged: Path, pipeline: ImagePipeline) -> None:
    told = pipeline.compare(pipeline.generate(64, seed=1, judge=True))
    assert told["after"]["frechet_distance"] is None
    assert "64 pictures are too few" in told["reason"]
    assert "one class" in pipeline.compare(pipeline.generate(80, seed=1, label=3, judge=True))["reason"]
    other = change_judge(judged, reference={"extractor": {"name": "pixels", "size": 4}})
    assert "pixels-4x4" in other.compare(other.generate(80, judge=True))["reason"]
    other = change_judge(judged, reference={"extractor": {"name": "classifier", "model": "nosuch"}})
    told = other.compare(other.generate(80, judge=True))
    assert "nosuch" in told["reason"]
    assert told["after"]["mean_score"] > 0


# -- judges that are none ---------------------------------------------------------------------------------------------


def test_a_model_without_a_judge_says_why_and_what_to_do(judged: Path) -> None:
    file = judged / "config.json"
    config = json.loads(file.read_text())
    for judge, words in ((None, "no discriminator to judge with\n"), ({"skipped": "no data"}, "judge with: no data")):
        file.write_text(json.dumps({**config, "judge": judge}))
        with pytest.raises(CheckpointError, match=words) as caught:
            load(judged).generate(2, judge=True)
        assert "toolkit resume" in str(caught.value)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ({"calibration": {"scal": 1}}, "is damaged"),
        ({"calibration": None}, "is damaged"),
        ({"discriminators": {"main": {"name": "nosuch"}}}, "cannot be built"),
        ({"discriminators": {"main": {"name": "dcgan", "resolution": 8, "channels": 1}}}, "do not fit"),
    ],
)
def test_a_damaged_judge_is_explained(judged: Path, entries: dict[str, Any], words: str) -> None:
    pipeline = change_judge(judged, **entries)
    with pytest.raises(CheckpointError, match=words):
        pipeline.generate(2, judge=True)


def test_a_damaged_file_of_the_judge_is_named(judged: Path) -> None:
    (judged / "judge.safetensors").write_bytes(b"garbage")
    with pytest.raises(CheckpointError, match=r"judge\.safetensors"):
        load(judged).generate(2, judge=True)


def test_a_doubted_judge_accepts_everything_with_a_warning_unless_told_to_choose(judged: Path) -> None:
    stored = json.loads((judged / "config.json").read_text())["judge"]["rejection"]
    open_rule = {**stored, "gamma": -60.0, "class_gammas": [-60.0] * 10}
    pipeline = change_judge(judged, rejection=open_rule, doubt="it prefers the wrong ones")
    with pytest.warns(CannotTellWarning, match="every picture is accepted: it prefers the wrong ones"):
        pictures = pipeline.generate(20, seed=1, judge=True)
    assert pictures.indices == tuple(range(20))
    assert pictures.acceptance_rate == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert pipeline.generate(20, seed=1, judge=True, acceptance=0.3).indices != tuple(range(20))


def test_a_judge_that_accepts_nothing_gives_up(judged: Path) -> None:
    stored = json.loads((judged / "config.json").read_text())["judge"]["rejection"]
    closed = {**stored, "log_max": 90.0, "gamma": 0.0, "class_log_max": [90.0] * 10, "class_gammas": [0.0] * 10}
    pipeline = change_judge(judged, rejection=closed)
    with pytest.raises(TrainingError, match="accepted none of 500 pictures"):
        pipeline.generate(1, label=2, judge=True)


def test_an_acceptance_alone_is_a_mistake(pipeline: ImagePipeline) -> None:
    with pytest.raises(ToolkitError, match="goes with a judge"):
        pipeline.generate(2, acceptance=0.5)


# -- metrics ----------------------------------------------------------------------------------------------------------


def test_metrics_can_look_at_judged_pictures(pipeline: ImagePipeline) -> None:
    labels = torch.tensor([0, 0, 3, 0, 7] * 40)
    pages = list(judged_pages(pipeline)(200, 5, labels))
    assert sum(len(page["data"]) for page in pages) == 200
    assert all(page["data"].shape[1:] == (1, 8, 8) for page in pages)
    found = torch.cat([page["label"] for page in pages])
    assert torch.bincount(found, minlength=8).tolist() == torch.bincount(labels, minlength=8).tolist()


def test_evaluate_takes_them(judged: Path) -> None:
    plain, chosen = (
        evaluate(judged, cache=False, repeats=0),
        evaluate(judged, cache=False, repeats=0, pages=judged_pages),
    )
    assert plain["samples"] == chosen["samples"]
    assert plain["metrics"] != chosen["metrics"]


def test_an_unconditional_model_is_judged_too(trained: Path, tmp_path: Path) -> None:
    from tests.judged import give_opinions
    from tests.tiny import tiny_recipe, toolkit

    arguments = tiny_recipe("task.conditional=false", "trainer.steps=1", "discriminator.spectral_norm=true")
    assert toolkit("train", *arguments, "--out", tmp_path / "run", "--quiet").code == 0
    pipeline = load(give_opinions(tmp_path / "run" / "model"))
    pictures = pipeline.generate(20, seed=1, judge=True)
    assert pictures.labels == ()
    assert pictures.candidates > 20
    pages = list(judged_pages(pipeline)(30, 5, None))
    assert sum(len(page["data"]) for page in pages) == 30


def test_loading_a_judge_leaves_the_global_random_numbers_alone(judged: Path) -> None:
    pipeline = load(judged)
    state = torch.get_rng_state()
    assert pipeline.stored_judge.judge
    assert torch.equal(torch.get_rng_state(), state)


def test_a_copied_model_keeps_its_judge(judged: Path, tmp_path: Path) -> None:
    shutil.copytree(judged, tmp_path / "copy")
    assert load(tmp_path / "copy").generate(5, judge=True).indices == load(judged).generate(5, judge=True).indices
