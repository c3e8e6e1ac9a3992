from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tests.face.networks import DRIVER, EMBEDDER, LANDMARKER, people, saved
from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.terms import Offer
from toolkit.adversarial.types import GeneratorOutput
from toolkit.config import build
from toolkit.data.loader import Loader
from toolkit.data.source import Subset
from toolkit.engine.randomness import Noise
from toolkit.errors import CheckpointError, ConfigError, DataError, ToolkitError
from toolkit.face.driver_network import FIELD, Driven
from toolkit.face.driving_set import DrivingSet
from toolkit.face.driving_task import DrivingTask
from toolkit.face.driving_terms import CalmWarps, KnownFace, LandmarksKept, Likeness
from toolkit.testing.material import picture_source

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> DrivingSet:
    return DrivingSet(str(people(tmp_path_factory.mktemp("people"), 20, 4)), 32, 2)


def drawn(count: int = 8) -> Draw:
    return Draw(Noise(0, 0, torch.arange(count), "test"), None)


def batch(source: DrivingSet, count: int = 8) -> dict[str, Tensor]:
    return {name: torch.as_tensor(array) for name, array in source.take(np.arange(count)).items()}


class First(nn.Module):
    """Gives back the first source; remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(1))

    def forward(self, sources: Tensor, points: Tensor, weights: Tensor, target: Tensor, noise: Tensor) -> Driven:
        self.given = sources, points, weights, target, noise
        moved = torch.zeros(*weights.shape, 2, 4, 4)
        return Driven(sources[:, 0] * self.factor, weights, moved, sources[:, 0])


# -- the data -----------------------------------------------------------------------------------------------------


def test_sources_are_other_views_of_the_same_person_and_strangers_are_not(source: DrivingSet) -> None:
    of = {crop.tobytes(): place for place, crop in enumerate(source.crops)}
    for row in range(len(source)):
        item = source[row]
        own = [of[crop.tobytes()] for crop in item["sources"]]
        assert row not in own
        assert {source.identities[place] for place in own} == {item["identity"]}
        assert len(set(own)) == 2
        others = [of[crop.tobytes()] for crop in item["strangers"]]
        people_there = [source.identities[place] for place in others]
        assert item["identity"] not in people_there
        assert len(set(people_there)) == 2
        assert {source.split_of(place) for place in others} == {source.split_of(row)}
        assert np.array_equal(item["stranger_landmarks"], source.points[others])


def test_training_meets_other_sources_in_every_epoch(source: DrivingSet) -> None:
    task = DrivingTask()
    task.open(Subset(source, np.arange(4)))
    loader = Loader(Subset(source, np.arange(4)), 4, 0, transform=task.transform(), prefetch=0)
    drawn_sources = set()
    for epoch in range(6):
        rows = loader.batch(epoch)
        place = rows["row"].tolist().index(2)
        drawn_sources.add(rows["strangers"][place].numpy().tobytes())
    assert len(drawn_sources) > 1
    assert np.array_equal(source[2]["strangers"], source.take(np.array([2]))["strangers"][0])


def test_too_few_people_are_explained(tmp_path: Path) -> None:
    folder = str(people(tmp_path, 6, 2))
    with pytest.raises(DataError, match="4 views of everybody"):
        DrivingSet(folder, 32, 3)
    with pytest.raises(ConfigError, match="count"):
        DrivingSet(folder, 32, 0)


# -- the task -----------------------------------------------------------------------------------------------------


def test_mixtures_are_made_of_strangers_and_the_others_of_the_person(source: DrivingSet) -> None:
    for mixed, name in ((0.0, "sources"), (1.0, "strangers")):
        task, network = DrivingTask(mixed=mixed), First()
        task.open(source)
        data = batch(source)
        output = task.generate(network, data, drawn())
        expected = data[name].permute(0, 1, 4, 2, 3).float() / 127.5 - 1
        torch.testing.assert_close(network.given[0], expected)
        assert (output.extra or {})["same"].tolist() == [1 - mixed] * 8
        torch.testing.assert_close(network.given[3], data["landmarks"] / 32)
        torch.testing.assert_close(network.given[2].sum(1), torch.ones(8))
        assert network.given[4].shape == (8, 2, FIELD, FIELD)


def test_real_and_condition_are_the_target(source: DrivingSet) -> None:
    task, data = DrivingTask(), batch(source)
    task.open(source)
    torch.testing.assert_close(task.real(data), data["image"].permute(0, 3, 1, 2).float() / 127.5 - 1)
    torch.testing.assert_close(task.condition(data), data["landmarks"] / 32)


def test_measuring_compares_with_the_source_unchanged(source: DrivingSet) -> None:
    task = DrivingTask(uneven=0.0)
    task.open(source)
    found = task.measure(First().eval(), Subset(source, np.arange(12)), None, samples=12, seed=0, device=CPU)
    assert found["l1"] == pytest.approx(found["l1_source"])
    assert found["l1"] > 0.01


def test_a_preview_shows_targets_sources_and_mixtures(source: DrivingSet, tmp_path: Path) -> None:
    from PIL import Image

    task = DrivingTask()
    task.open(source)
    task.preview(build("generators", DRIVER).eval(), source, tmp_path / "seen.png", count=3, seed=0, device=CPU)
    assert Image.open(tmp_path / "seen.png").size == (6 * 34 + 2, 3 * 34 + 2)


def test_pictures_alone_are_refused() -> None:
    with pytest.raises(DataError, match=r"data\.name=driving"):
        DrivingTask().open(picture_source())


# -- the terms ----------------------------------------------------------------------------------------------------


def offer(data: Tensor, same: float, real: Tensor | None = None, **extra: Tensor) -> Offer:
    known = {"same": torch.full((len(data),), same, dtype=data.dtype), **extra}
    return Offer({}, GeneratorOutput(data, extra=known), torch.zeros_like(data) if real is None else real)


def test_known_faces_count_where_they_are_known() -> None:
    data = torch.full((2, 3, 8, 8), 0.25)
    assert KnownFace()(offer(data, 1.0)).tolist() == [0.25, 0.25]
    assert KnownFace()(offer(data, 0.0)).tolist() == [0, 0]


def test_likeness_is_perfect_for_the_target_and_limited_for_a_source(tmp_path: Path) -> None:
    term = Likeness(str(saved(tmp_path, EMBEDDER, "face_embedder")), cap=0.5)
    data = torch.rand(2, 3, 32, 32) * 2 - 1
    sources = torch.stack([data, data.flip(0)], 1)
    extra = {"sources": sources, "weights": torch.tensor([[1.0, 0.0], [1.0, 0.0]])}
    torch.testing.assert_close(term(offer(data, 1.0, data, **extra)), torch.zeros(2), atol=1e-5, rtol=0)
    torch.testing.assert_close(term(offer(data, 0.0, data, **extra)), torch.full((2,), 0.5), atol=1e-5, rtol=0)


def test_landmarks_are_looked_for_by_the_frozen_landmarker(tmp_path: Path) -> None:
    term = LandmarksKept(str(saved(tmp_path, LANDMARKER, "face_landmarks")))
    from toolkit.face.geometry import canonical_landmarks

    data = torch.rand(2, 3, 32, 32, requires_grad=True)
    target = torch.tensor(canonical_landmarks(1), dtype=torch.float32).expand(2, -1, -1)
    values = term(offer(data, 1.0, target=target))
    assert (values > 0).all()
    values.sum().backward()
    assert data.grad is not None
    assert data.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in term.network.parameters())


def test_calm_warps_cost_nothing_and_restless_ones_more() -> None:
    data = torch.zeros(2, 3, 8, 8)
    still, restless = torch.zeros(2, 1, 2, 4, 4), torch.zeros(2, 1, 2, 4, 4)
    restless[..., ::2] = 0.01
    shifted = torch.full_like(still, 0.01)
    values = [CalmWarps()(offer(data, 1.0, moved=moved))[0].item() for moved in (still, shifted, restless)]
    assert values[0] == 0 < values[1] < values[2]


def test_terms_need_their_task_and_their_models() -> None:
    with pytest.raises(ToolkitError, match="face_driving"):
        KnownFace()(Offer({}, GeneratorOutput(torch.zeros(1, 3, 4, 4)), torch.zeros(1, 3, 4, 4)))
    with pytest.raises(CheckpointError, match="no run or model"):
        Likeness("no-such-embedder")
