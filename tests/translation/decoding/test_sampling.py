"""Translations at random: their distribution, and that the seed decides them."""

from __future__ import annotations

import math
from collections import Counter

import pytest
import torch

from tests.translation.decoding.networks import TableDecoder, batch, random_marian, random_sources
from toolkit.translation.decoding.batches import decoder_for, forced_log_probs, translate_rows
from toolkit.translation.decoding.greedy import Greedy
from toolkit.translation.decoding.hypotheses import Limits
from toolkit.translation.decoding.minimum_risk import chrf, expected_utilities
from toolkit.translation.decoding.sampling import Sampling

# After the start: end 0.1, 1 with 0.6, 2 with 0.3; after anything else the end is certain.
ONCE = [[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0], [0.1, 0.6, 0.3, 0.0]]


def shares(count: int = 4000, **settings: float) -> dict[tuple[int, ...], float]:
    sampling = Sampling(seed=5, count=count, **settings)  # type: ignore[arg-type]
    (found,) = sampling(TableDecoder([ONCE]), torch.tensor([[0, 3]]))
    return {ids: times / count for ids, times in Counter(one.ids for one in found).items()}


def test_each_is_drawn_as_often_as_it_is_likely() -> None:
    found = shares()
    for ids, wanted in (((), 0.1), ((1,), 0.6), ((2,), 0.3)):
        assert found[ids] == pytest.approx(wanted, abs=4 * math.sqrt(wanted * (1 - wanted) / 4000))


def test_temperature_makes_the_likely_likelier() -> None:
    weights = [0.1**2, 0.6**2, 0.3**2]
    found = shares(temperature=0.5)
    assert found[(1,)] == pytest.approx(weights[1] / sum(weights), abs=0.03)
    assert found[()] == pytest.approx(weights[0] / sum(weights), abs=0.03)


def test_unlikely_ones_are_cut_off() -> None:
    assert shares(top_k=1) == {(1,): 1.0}
    assert set(shares(top_k=2)) == {(1,), (2,)}
    assert set(shares(top_p=0.5)) == {(1,)}
    assert set(shares(top_p=0.85)) == {(1,), (2,)}
    assert shares(top_p=0.85)[(1,)] == pytest.approx(2 / 3, abs=0.03)


def test_neither_the_batch_nor_other_sentences_change_what_is_drawn() -> None:
    network = random_marian()
    sources = random_sources(7)
    decoder = decoder_for(network)
    search = Sampling(seed=9, count=3, limits=Limits(0, 12))
    together = translate_rows(decoder, sources, search)
    apart = translate_rows(decoder, sources, search, batch_size=2)
    assert [[one.ids for one in row] for row in together] == [[one.ids for one in row] for row in apart]
    third = translate_rows(decoder, [sources[3]], search, numbers=[3])[0]
    assert [one.ids for one in third] == [one.ids for one in together[3]]
    other = translate_rows(decoder, sources, Sampling(seed=10, count=3, limits=Limits(0, 12)))
    assert [[one.ids for one in row] for row in other] != [[one.ids for one in row] for row in together]


def test_log_probabilities_are_those_of_the_network() -> None:
    network = random_marian()
    decoder = decoder_for(network)
    sources = random_sources(3)
    found = translate_rows(decoder, sources, Sampling(seed=1, count=2, temperature=1.7, limits=Limits(0, 9)))
    for source, hypotheses in zip(sources, found, strict=True):
        for one in hypotheses:
            wanted = forced_log_probs(decoder, source, one.ids)[: len(one.ids) + one.ended]
            assert one.log_prob == pytest.approx(float(wanted.sum()), abs=1e-3)


def test_the_likeliest_only_is_greedy() -> None:
    network = random_marian(1)
    source = batch(network, random_sources(6))
    greedy = Greedy(Limits(0, 12))(decoder_for(network), source)
    drawn = Sampling(top_k=1, limits=Limits(0, 12))(decoder_for(network), source)
    assert [one.ids for (one,) in drawn] == [one.ids for (one,) in greedy]


@pytest.mark.parametrize("wrong", [{"count": 0}, {"temperature": 0.0}, {"top_k": -1}, {"top_p": 0.0}, {"top_p": 1.1}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="cannot sample"):
        Sampling(**wrong)  # type: ignore[arg-type]


def test_expected_utility_is_the_mean_over_the_others() -> None:
    texts = ["a cat sat", "a cat sat", "a cat sits", "dogs"]
    pytest.importorskip("sacrebleu")
    values = expected_utilities(texts)
    assert values[0] == values[1] == max(values)
    assert values[3] == min(values)
    assert values[2] == pytest.approx((2 * chrf(texts[2], texts[0]) + chrf(texts[2], texts[3])) / 3)
    assert expected_utilities(["one"]) == [0.0]
