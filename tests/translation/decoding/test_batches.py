"""Many sentences at once: batches by length, the order of the answers, padding that is not seen."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.translation.decoding.networks import EOS, PAD, random_marian, random_sources
from toolkit.translation.decoding.alignment import align
from toolkit.translation.decoding.batches import batches_by_length, decoder_for, translate_ids, translate_rows
from toolkit.translation.decoding.beam import Beam
from toolkit.translation.decoding.greedy import Greedy
from toolkit.translation.decoding.hypotheses import Limits

LIMITS = Limits(0, 10)


@settings(deadline=None)
@given(st.lists(st.integers(1, 90), max_size=40), st.integers(1, 200), st.integers(1, 9))
def test_every_source_is_in_one_batch_of_like_lengths(lengths: list[int], tokens: int, size: int) -> None:
    batches = list(batches_by_length(lengths, tokens, size))
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    order = [lengths[place] for batch in batches for place in batch]
    assert order == sorted(lengths, reverse=True)
    for batch in batches:
        assert len(batch) <= size
        assert len(batch) == 1 or len(batch) * lengths[batch[0]] <= tokens


@pytest.mark.parametrize("search", [Greedy(LIMITS), Beam(3, 2, LIMITS)])
def test_answers_come_in_the_order_of_the_sources(search: Greedy | Beam) -> None:
    network = random_marian()
    sources = random_sources(9)
    decoder = decoder_for(network)
    told: list[int] = []
    found = translate_rows(decoder, sources, search, batch_size=4, attention=True, progress=told.append)
    assert told == [4, 8, 9]
    for source, hypotheses in zip(sources, found, strict=True):
        (alone,) = translate_rows(decoder, [source], search, attention=True)
        for one, other in zip(hypotheses, alone, strict=True):
            assert one.ids == other.ids
            assert one.attention is not None
            assert other.attention is not None
            assert one.attention.shape == (len(one.ids) + one.ended, len(source))
            assert torch.allclose(one.attention, other.attention, atol=1e-4)
            assert torch.allclose(one.attention.sum(1), torch.ones(len(one.attention)), atol=1e-4)


def test_nothing_gives_nothing() -> None:
    assert translate_rows(decoder_for(random_marian()), [], Greedy()) == []


def test_a_network_in_training_is_measured_and_trains_on() -> None:
    network = random_marian(dropout=0.5)
    sources = random_sources(4)
    network.train()
    first = translate_ids(network, sources, PAD, EOS, torch.device("cpu"), extra_length=8)
    assert network.training
    assert translate_ids(network, sources, PAD, EOS, torch.device("cpu"), extra_length=8) == first
    wide = translate_ids(network, sources, PAD, EOS, torch.device("cpu"), beam=3, extra_length=8)
    assert [len(row) for row in wide] != [0] * 4


def test_alignment_may_leave_the_end_mark_out() -> None:
    weights = torch.tensor([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
    assert align(weights) == [2, 0]
    assert align(weights, 2) == [1, 0]
