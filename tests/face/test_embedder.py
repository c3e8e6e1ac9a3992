from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.face.making import rendered
from tests.face.networks import EMBEDDER, enlarged, people, saved
from toolkit.adversarial.estimators import Draw
from toolkit.engine.randomness import Noise
from toolkit.errors import ConfigError, DataError
from toolkit.face.embedding_network import EmbeddingNetwork
from toolkit.face.embedding_task import EmbeddingTask, embed_both_ways, rank
from toolkit.face.rendered_crops import RenderedCrops
from toolkit.runs import load


def network() -> EmbeddingNetwork:
    torch.manual_seed(0)
    return EmbeddingNetwork(3, 32, 4, 8).eval()


def test_it_compares_unit_vectors_with_unit_vectors() -> None:
    some, x = network(), torch.randn(5, 3, 32, 32)
    vectors = some.embed(x)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(5))
    people_vectors = torch.nn.functional.normalize(some.people)
    torch.testing.assert_close(some(x), vectors @ people_vectors.T)
    torch.testing.assert_close(some.finish(some.maps(x)[-1]), vectors)


def test_sizes_that_do_not_work_are_refused() -> None:
    with pytest.raises(ConfigError, match="multiple of 16"):
        EmbeddingNetwork(3, 40)
    with pytest.raises(ConfigError, match="dimensions"):
        EmbeddingNetwork(3, 32, 4, 0)


def test_the_mirror_image_has_the_same_vector() -> None:
    some, x = network(), torch.randn(4, 3, 32, 32)
    torch.testing.assert_close(embed_both_ways(some, x), embed_both_ways(some, x.flip(-1)))


def test_a_pipeline_takes_crops_of_any_side(tmp_path: Path) -> None:
    pipeline = load(saved(tmp_path, EMBEDDER, "face_embedder"), "cpu")
    picture = enlarged(rendered()[0], 32)
    small, large = (pipeline(enlarged(picture, side)[None]) for side in (32, 96))
    assert small.shape == (1, pipeline.dimensions) == (1, 8)
    assert small.dtype == np.float32
    assert float(small[0] @ large[0]) > 0.99
    assert pipeline(np.zeros((0, 32, 32, 3), np.uint8)).shape == (0, 8)
    with pytest.raises(DataError, match=r"uint8 \[B, S, S, 3\]"):
        pipeline(picture)
    assert pipeline.id == load(tmp_path, "cpu").id


def test_ranks_are_counted_against_first_views() -> None:
    """Two people; the second view of the first one is nearer to the second person."""
    vectors = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [0.1, 1], [0, 1], [0.2, 1]]))
    found = rank(vectors, torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 0, 1]))
    assert found["rank1"] == 0.5
    assert found["rank5"] == 1.0
    assert found["same"] == pytest.approx(float((vectors[1] @ vectors[0] + vectors[3] @ vectors[2]) / 2))
    with pytest.raises(DataError, match="several views"):
        rank(vectors[:2], torch.tensor([0, 1]), torch.tensor([0, 0]))


def test_a_task_needs_people_with_names(tmp_path: Path) -> None:
    folder = str(people(tmp_path, 6, 2))
    with pytest.raises(DataError, match="labels=identity"):
        EmbeddingTask().open(RenderedCrops(folder, 32))
    assert EmbeddingTask().open(RenderedCrops(folder, 32, "identity")) == {"classes": 6}


def test_training_crops_move_a_little(tmp_path: Path) -> None:
    """A network that sees mean colours sees nearly the same; pixels have moved."""
    source = RenderedCrops(str(people(tmp_path, 6, 2)), 32, "identity")
    task = EmbeddingTask(photographic=0.0)
    task.open(source)
    batch = {name: torch.as_tensor(array) for name, array in source.take(np.arange(12)).items()}
    seen: list[torch.Tensor] = []

    class Keep(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seen.append(x)
            return x.flatten(1)[:, :6]

    task.generate(Keep(), batch, Draw(Noise(0, 0, torch.arange(12), "t"), None))
    plain = batch["image"].permute(0, 3, 1, 2).float() / 127.5 - 1
    assert (seen[0] - plain).abs().mean() > 0.02
    assert (seen[0].mean((2, 3)) - plain.mean((2, 3))).abs().max() < 0.15


def test_crops_are_aligned_by_their_landmarks(tmp_path: Path) -> None:
    from toolkit.face.geometry import anchors, canonical_landmarks

    source = RenderedCrops(str(people(tmp_path, 6, 4)), 64)
    known = anchors(canonical_landmarks(64))
    for k in range(len(source)):
        assert np.abs(anchors(source[k]["landmarks"]) - known).mean() < 4
    assert source[0]["image"].shape == (64, 64, 3)
    assert [source.split_of(k) for k in (0, 23)] == ["train", "test"]
    assert source.group(0) == source.group(3) != source.group(4)
    with pytest.raises(ConfigError, match="resolution"):
        RenderedCrops(str(tmp_path), 200)
