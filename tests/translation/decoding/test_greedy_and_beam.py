from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch

from tests.translation.decoding.networks import EOS, PAD, TableDecoder, batch, random_marian, random_sources
from toolkit.translation.decoding.batches import decoder_for
from toolkit.translation.decoding.beam import Beam
from toolkit.translation.decoding.greedy import Greedy
from toolkit.translation.decoding.hypotheses import Limits
from toolkit.translation.decoding.module_decoder import ModuleDecoder

# Rows: after the end (never), after 1, after 2, after the start. Columns: end, 1, 2, what pads.
GARDEN = [[1.0, 0.0, 0.0, 0.0], [0.5, 0.25, 0.25, 0.0], [0.9, 0.05, 0.05, 0.0], [0.02, 0.53, 0.45, 0.0]]
LIMITS = Limits(0, 14)


def generated(network: Any, source: torch.Tensor, beam: int, **settings: Any) -> list[tuple[int, ...]]:
    mask = (source != PAD).long()
    rows = network.generate(
        input_ids=source, attention_mask=mask, do_sample=False, num_beams=beam, max_new_tokens=14,
        bad_words_ids=[[PAD]], **settings,
    ).tolist()  # fmt: skip
    return [tuple(row[1 : row.index(EOS, 1)] if EOS in row[1:] else row[1:]) for row in rows]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("make", [decoder_for, ModuleDecoder])
def test_greedy_search_writes_what_transformers_writes(seed: int, make: Any) -> None:
    network = random_marian(seed)
    source = batch(network, random_sources(8, seed))
    found = Greedy(LIMITS)(make(network), source)
    ids = [one.ids for (one,) in found]
    assert ids == generated(network, source, 1)
    assert len(set(ids)) > 2, "the test should see different translations"
    assert len({one.ended for (one,) in found}) == 2 or seed, "some should end and some be cut"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
def test_a_beam_finds_what_that_of_transformers_finds(seed: int, penalty: float) -> None:
    network: Any = random_marian(seed)
    network.final_logits_bias[0, PAD] = -1e9  # transformers blocks it only after the probabilities are computed
    source = batch(network, random_sources(8, seed))
    found = Beam(4, 4, LIMITS, penalty)(decoder_for(network), source)
    theirs = generated(network, source, 4, num_return_sequences=4, length_penalty=penalty, early_stopping=False)
    compared = 0
    for place, hypotheses in enumerate(found):
        scores = [one.score for one in hypotheses if one.ended]
        assert scores == sorted(scores, reverse=True)
        group = theirs[4 * place : 4 * place + 4]
        whole = [ids for ids in group if len(ids) < 14]
        cut = [ids for ids in group if len(ids) == 14]  # transformers lets them compete with those that have ended
        ended = [one.ids for one in hypotheses if one.ended]
        assert ended[: len(whole)] == whole
        if not ended:
            assert hypotheses[0].ids == cut[0]
        compared += len(whole) or not ended
    assert compared > 4, "the test should compare something"


def test_a_beam_finds_what_greed_misses() -> None:
    decoder, source = TableDecoder([GARDEN]), torch.tensor([[0, 3]])
    assert Greedy()(decoder, source)[0][0].ids == (1,)
    best = Beam(2, length_penalty=0.0)(decoder, source)[0][0]
    assert best.ids == (2,)
    assert best.log_prob == pytest.approx(math.log(0.45 * 0.9))


@pytest.mark.parametrize("penalty", [0.0, 0.7, 1.0])
def test_a_beam_of_every_hypothesis_finds_the_very_best(penalty: float) -> None:
    generator = torch.Generator().manual_seed(3)
    tables = torch.rand(3, 4, 4, generator=generator)
    tables[:, :, 3] = 0  # what pads
    tables = tables / tables.sum(2, keepdim=True)
    found = Beam(60, 3, Limits(0, 5), penalty, thorough=True)(
        TableDecoder(tables.tolist()), torch.tensor([[0, 3], [1, 3], [2, 3]])
    )
    for number, hypotheses in enumerate(found):
        every = {}
        for length in range(5):
            for ids in itertools.product((1, 2), repeat=length):
                steps = [3, *ids, 0]
                chance = sum(math.log(tables[number, a, b]) for a, b in itertools.pairwise(steps))
                every[ids] = chance / (length + 1) ** penalty
        best = sorted(every, key=lambda ids: -every[ids])[:3]
        assert [one.ids for one in hypotheses] == best
        assert [one.score for one in hypotheses] == pytest.approx([every[ids] for ids in best], abs=1e-5)


def test_scores_are_log_probabilities_over_length() -> None:
    network = random_marian()
    source = batch(network, random_sources())
    decoder = decoder_for(network)
    for search in (Greedy(LIMITS), Beam(3, 2, LIMITS, 0.8), Beam(3, 3, LIMITS, 0.0)):
        penalty = search.length_penalty
        for place, hypotheses in enumerate(search(decoder, source)):
            for one in hypotheses:
                steps = [*one.ids, EOS] if one.ended else list(one.ids)
                state = decoder.begin(source[place : place + 1])
                total = 0.0
                for before, after in zip([decoder.start_id, *steps], steps, strict=False):
                    total += float(state.step(torch.tensor([before])).logits.log_softmax(1)[0, after])
                assert one.log_prob == pytest.approx(total, abs=1e-3)
                assert one.score == pytest.approx(total / len(steps) ** penalty, abs=1e-3)


def test_a_sentence_is_translated_alike_in_any_batch() -> None:
    network = random_marian()
    sources = random_sources(6)
    decoder = decoder_for(network)
    for search in (Greedy(), Beam(3, 3)):
        together = search(decoder, batch(network, sources))
        for source, hypotheses in zip(sources, together, strict=True):
            alone = search(decoder, batch(network, [source]))[0]
            assert [one.ids for one in alone] == [one.ids for one in hypotheses]


@pytest.mark.parametrize("search", [Greedy(Limits(0, 12), no_repeat=2), Beam(3, 3, Limits(0, 12), no_repeat=2)])
def test_no_n_gram_is_written_twice(search: Any) -> None:
    network: Any = random_marian()
    network.final_logits_bias[0, EOS] = -5.0
    for hypotheses in search(decoder_for(network), batch(network, random_sources())):
        for one in hypotheses:
            pairs = list(itertools.pairwise(one.ids))
            assert len(pairs) == len(set(pairs))
            assert len(pairs) > 5


def test_limits_hold_for_each_sentence() -> None:
    network: Any = random_marian()
    sources = random_sources(5)
    source = batch(network, sources)
    network.final_logits_bias[0, EOS] = -100.0
    limits = Limits(0.5, 2)
    for search in (Greedy(limits), Beam(2, limits=limits)):
        found = search(decoder_for(network), source)
        assert [len(one[0].ids) for one in found] == [len(row) // 2 + 2 for row in sources]
        assert not any(one[0].ended for one in found)
    network.final_logits_bias[0, EOS] = 100.0
    for search in (Greedy(Limits(least=3)), Beam(2, limits=Limits(least=3))):
        assert {len(one[0].ids) for one in search(decoder_for(network), source)} == {3}
    for wrong in ({"extra": 0}, {"ratio": -1.0}, {"least": -1}):
        with pytest.raises(ValueError, match="room"):
            Limits(**wrong)  # type: ignore[arg-type]


def test_more_translations_than_the_beam_is_wide_are_refused() -> None:
    with pytest.raises(ValueError, match="n_best=3"):
        Beam(2, 3)
