from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.tiny import TINY, newest, tiny_recipe, toolkit
from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.config import load_recipe
from toolkit.data.source import Subset
from toolkit.engine.weights import read_weights
from toolkit.image.measure import real_batches
from toolkit.metrics.moments import Moments
from toolkit.metrics.reference import read_reference
from toolkit.runs import load
from toolkit.runs.assemble import Opened, build_network, open_recipe
from toolkit.runs.judging import SAMPLES, make_judge

CPU = torch.device("cpu")


class Brightness(nn.Module):
    """Scores a picture by its mean: digits are brighter than the black pictures of `Black`."""

    def __init__(self, factor: float = 5.0) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.tensor(factor))

    def forward(self, x_BCHW: Tensor, label_B: Tensor | None = None) -> DiscriminatorOutput:
        return DiscriminatorOutput((self.factor * x_BCHW.mean((1, 2, 3)),))


class Black(nn.Module):
    """Nearly black pictures of random brightness."""

    latent = 8

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.1))

    def forward(self, z_BN: Tensor, label_B: Tensor | None = None) -> Tensor:
        return (self.weight * z_BN[:, 0, None, None, None] - 0.5).expand(-1, 1, 8, 8)


def opened(*overrides: str) -> Opened:
    return open_recipe(load_recipe(TINY, list(overrides)))


def test_the_model_of_a_run_carries_its_discriminator_and_what_its_scores_are_worth(trained: Path) -> None:
    document = json.loads((trained / "model" / "config.json").read_text())["judge"]
    assert document["discriminators"]["main"]["resolution"] == 8
    assert document["calibrated_on"] == {
        "split": "validation",
        "real": len(open_recipe(load_recipe(TINY)).splits["validation"]),
        "generated": SAMPLES,
    }
    weights = read_weights(trained / "model" / "discriminator.safetensors")
    wanted = newest(trained).weights("discriminator.main")
    assert weights.keys() == {f"main.{name}" for name in wanted}
    assert all(torch.equal(weights[f"main.{name}"], value) for name, value in wanted.items())
    assert "| judge | a real sample (validation) scores higher" in (trained / "model" / "README.md").read_text()


def test_the_reference_is_that_of_the_held_out_data(trained: Path) -> None:
    reference, extra = read_reference(trained / "model" / "judge.safetensors")
    source = open_recipe(load_recipe(TINY)).splits["validation"]
    moments = Moments(64)
    moments.add(torch.cat([page["data"] for page in real_batches(source)]).flatten(1))
    assert reference is not None
    assert (reference.extractor, reference.source, reference.moments.count) == ("pixels-8x8", "validation", len(source))
    torch.testing.assert_close(reference.moments.mean, moments.mean)
    torch.testing.assert_close(reference.moments.covariance, moments.covariance, atol=1e-6, rtol=1e-5)
    assert len(extra["burn_in.log_ratio"]) == SAMPLES


def test_calibrating_changes_neither_player() -> None:
    run = opened("discriminator.norm=batch", "generator.norm=batch")
    generator = build_network("generators", run.recipe.generator, "generator", 0)
    discriminator = build_network("discriminators", run.recipe.discriminators["main"], "discriminators.main", 0)
    before = copy.deepcopy([generator.state_dict(), discriminator.state_dict()])
    state = torch.get_rng_state()
    files = make_judge(run, generator, {"main": discriminator}, CPU)
    assert files.document["discriminators"]
    for module, weights in zip((generator, discriminator), before, strict=True):
        assert module.training
        assert all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())
        assert all(parameter.requires_grad for parameter in module.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_the_same_networks_are_judged_the_same() -> None:
    once, again = (make_judge(opened(), Black(), {"main": Brightness()}, CPU) for _ in range(2))
    assert once.document == again.document
    assert once.files == again.files


def test_a_discriminator_that_can_tell_is_calibrated_and_one_that_is_wrong_is_doubted() -> None:
    found = make_judge(opened(), Black(), {"main": Brightness()}, CPU).document
    assert found["calibration"]["scale"] > 0
    assert found["calibration"]["ranking"] > 0.6
    wrong = make_judge(opened(), Black(), {"main": Brightness(-5.0)}, CPU).document
    assert wrong["calibration"]["scale"] == 0
    assert "cannot tell" in wrong["doubt"]
    assert wrong["rejection"]["acceptance"] == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("empty", "part"),
    [(["validation"], "test"), (["validation", "test"], "train"), (["validation", "test", "train"], None)],
)
def test_without_held_out_data_the_next_best_is_used_and_named(empty: list[str], part: str | None) -> None:
    run = opened()
    run.splits |= {name: Subset(run.splits[name], range(3)) for name in empty}
    document = make_judge(run, Black(), {"main": Brightness()}, CPU).document
    if part is None:
        assert "fewer than 16 real samples" in document["skipped"]
    else:
        assert document["calibrated_on"]["split"] == part


def test_where_held_out_data_are_too_few_for_a_distance_training_data_are_remembered() -> None:
    run = opened()
    run.splits["validation"] = Subset(run.splits["validation"], range(40))
    document = make_judge(run, Black(), {"main": Brightness()}, CPU).document
    assert (document["calibrated_on"]["split"], document["reference"]["split"]) == ("validation", "train")


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["data.resolution=32", "extractor={name: pixels, size: 17}"], "too many"),
        (["extractor={name: classifier, model: nosuch}"], "nosuch"),
    ],
)
def test_a_judge_can_do_without_a_reference(overrides: list[str], words: str) -> None:
    class Large(Black):
        def forward(self, z_BN: Tensor, label_B: Tensor | None = None) -> Tensor:
            side = 32 if "32" in overrides[0] else 8
            return super().forward(z_BN, label_B)[..., :1, :1].expand(-1, 1, side, side)

    document = make_judge(opened(*overrides), Large(), {"main": Brightness()}, CPU).document
    assert words in document["reference"]["skipped"]
    assert document["calibration"]["scale"] > 0
    assert document["expected_change"] is None


def test_there_is_no_judge_without_a_discriminator_or_with_broken_scores() -> None:
    assert make_judge(opened(), Black(), {}, CPU).document == {"skipped": "the recipe has no discriminator"}
    document = make_judge(opened(), Black(), {"main": Brightness(float("nan"))}, CPU).document
    assert "not finite" in document["skipped"]


def test_a_spectrally_normalised_discriminator_comes_back_as_it_was(tmp_path: Path) -> None:
    arguments = tiny_recipe("discriminator.spectral_norm=true", "trainer.steps=2")
    assert toolkit("train", *arguments, "--out", tmp_path / "run", "--quiet").code == 0
    judge = load(tmp_path / "run").stored_judge.judge
    weights = newest(tmp_path / "run").weights("discriminator.main")
    found = judge.discriminators["main"].state_dict()
    assert any("parametrizations" in name for name in found)
    assert all(torch.equal(found[name], value) for name, value in weights.items())
