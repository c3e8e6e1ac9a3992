"""Alignment: the search finds the best path, sums and means are those of the path, and times are learned."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from tests.speech.voice.small import network, texts
from toolkit.adversarial.terms import Offer
from toolkit.adversarial.types import GeneratorOutput
from toolkit.data.sequences import padded
from toolkit.speech.voice.alignment import (
    beta_binomial_prior,
    durations_of,
    frame_mask,
    monotonic_path,
    path_of,
    unit_means,
)
from toolkit.speech.voice.terms import ForwardSum


def all_paths(frames: int, units: int) -> list[list[int]]:
    cuts = itertools.combinations(range(1, frames), units - 1)
    return [np.repeat(np.arange(units), np.diff([0, *cut, frames])).tolist() for cut in cuts]


@pytest.mark.parametrize("seed", range(5))
def test_the_search_finds_the_best_of_all_monotonic_paths(seed: int):
    scores = torch.randn(2, 7, 4, generator=torch.Generator().manual_seed(seed))
    frames, units = torch.tensor([7, 5]), torch.tensor([4, 3])
    found = monotonic_path(scores, frames, units)
    for sample, (count, most) in enumerate(zip(frames.tolist(), units.tolist(), strict=True)):
        best = max(all_paths(count, most), key=lambda path: float(scores[sample, range(count), path].sum()))
        assert found[sample, :count].tolist() == best
        assert not found[sample, count:].any()


def test_the_forward_sum_is_the_likelihood_of_all_paths_together():
    scores = torch.randn(2, 6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    frames, symbols = torch.tensor([6, 5]), torch.tensor([[5, 6, 7, 8], [5, 6, 0, 0]])
    masked = scores.masked_fill((symbols == 0)[:, None], -1e4)
    offer = Offer({"frames": frames, "symbols": symbols}, GeneratorOutput(scores, extra={"scores": masked}), None)
    found = ForwardSum()(offer)
    for sample, (count, most) in enumerate(((6, 4), (5, 2))):
        sums = torch.stack([scores[sample, range(count), path].sum() for path in all_paths(count, most)])
        assert float(found[sample]) == pytest.approx(-float(sums.logsumexp(0)) / count)


def test_durations_and_paths_are_two_forms_of_one_thing():
    durations = torch.tensor([[2, 1, 3], [1, 4, 0]])
    path = path_of(durations)
    assert path[0].tolist() == [0, 0, 1, 2, 2, 2]
    assert path[1, :5].tolist() == [0, 1, 1, 1, 1]
    assert torch.equal(durations_of(path, torch.tensor([6, 5]), 3), durations)
    values = torch.tensor([[1.0, 3.0, 5.0, 1.0, 2.0, 3.0]])
    assert unit_means(values, path[:1], durations[:1]).tolist() == [[2.0, 5.0, 2.0]]


def test_the_prior_is_a_distribution_over_units_near_the_diagonal():
    frames, units = torch.tensor([9, 6]), torch.tensor([4, 3])
    prior = beta_binomial_prior(frames, units, 9, 4)
    assert torch.allclose(prior[0].exp().sum(1), torch.ones(9), atol=1e-4)
    assert torch.allclose(prior[1, :6, :3].exp().sum(1), torch.ones(6), atol=1e-4)
    assert prior[0].argmax(1).diff().min() >= 0
    assert (prior[0, 0].argmax(), prior[0, -1].argmax()) == (0, 3)


def test_the_times_of_units_are_learned_from_sounds_and_texts_alone():
    data = texts()
    model = network(data)[1]
    places = [place for place in range(len(data)) if data.split_of(place) == "train"][:24]
    batch = padded([data[place] for place in places], {})
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    mask, frames = batch["symbols"] != 0, batch["frames"]
    prior = beta_binomial_prior(frames, mask.sum(1), batch["mel"].shape[1], mask.shape[1])
    seen = (
        (batch["mel"] - model.scales.mel[0])
        / model.scales.mel[1]
        * frame_mask(frames, batch["mel"].shape[1])[..., None]
    )

    def boundary_error(scores: torch.Tensor) -> float:
        durations = durations_of(monotonic_path(scores, frames, mask.sum(1)), frames, mask.shape[1])
        starts = ((durations.cumsum(1) - durations) * data.format.hop_length).numpy()
        known = [data.entry(place).starts for place in places]
        errors = [np.abs(row[: len(true)] - true) for row, true in zip(starts, known, strict=True) if true is not None]
        return float(np.concatenate(errors).mean() / data.format.sample_rate)

    for step in range(60):
        embedded = model.embed(batch["symbols"], batch["stress"], batch["initial"], batch["speaker"])
        scores = model.aligner(embedded, seen, mask, prior)
        if step == 0:
            before = boundary_error(scores)
        output = GeneratorOutput(batch["mel"], extra={"scores": scores})
        loss = ForwardSum()(Offer(batch, output, None)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    after = boundary_error(scores)
    assert after < 0.025 < before
