"""Searches that must write given words: what counts as written, and that a translation never lacks one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch

from tests.translation.decoding.networks import EOS, PAD, batch, random_marian, random_sources
from toolkit.translation.decoding.batches import decoder_for, forced_log_probs
from toolkit.translation.decoding.beam import Beam
from toolkit.translation.decoding.constrained_beam import ConstrainedBeam
from toolkit.translation.decoding.constraints import Constraint, Constraints, Progress
from toolkit.translation.decoding.hypotheses import Limits

LIMITS = Limits(0, 24)


def written(constraints: Constraints, ids: Sequence[int]) -> Progress:
    progress = Progress()
    for token in ids:
        progress = constraints.after(progress, token)
    return progress


def contains(ids: Sequence[int], wanted: Sequence[int]) -> bool:
    return any(tuple(ids[place : place + len(wanted)]) == tuple(wanted) for place in range(len(ids)))


def test_progress_counts_what_is_written() -> None:
    constraints = Constraints((Constraint(((5, 6),)), Constraint(((7,), (8, 9, 10)))))
    assert constraints.size == 3
    assert constraints.wanted(Progress()) == {5, 7, 8}
    begun = written(constraints, [3, 5])
    assert constraints.count(begun) == 1
    assert constraints.wanted(begun) == {6, 5, 7, 8}
    assert constraints.count(written(constraints, [3, 5, 4])) == 0, "what was begun and not finished does not count"
    assert constraints.count(written(constraints, [5, 5, 6])) == 2, "a new beginning may be the end of the old one"
    assert not constraints.done(written(constraints, [5, 6]))
    assert constraints.done(written(constraints, [8, 9, 10, 2, 5, 6]))


def test_twice_the_same_has_to_be_written_twice() -> None:
    constraints = Constraints((Constraint(((5,),)), Constraint(((5,),))))
    assert not constraints.done(written(constraints, [5]))
    assert constraints.done(written(constraints, [5, 1, 5]))


def test_a_constraint_needs_subwords() -> None:
    for wrong in ((), ((),), ((3,), ())):
        with pytest.raises(ValueError, match="alternatives"):
            Constraint(wrong)


@pytest.mark.parametrize("seed", range(3))
def test_every_translation_has_its_words(seed: int) -> None:
    network = random_marian(seed)
    sources = random_sources(6, seed)
    given = {
        0: [Constraint(((7, 3),))],
        1: [Constraint(((11,),)), Constraint(((4, 5, 6),))],
        3: [Constraint(((20, 21), (22,)))],
        4: [Constraint(((9,),)), Constraint(((9,),))],
    }
    found = ConstrainedBeam(Beam(8, 2, LIMITS), given)(decoder_for(network), batch(network, sources))
    free = Beam(8, 2, LIMITS)(decoder_for(network), batch(network, sources))
    for number, hypotheses in enumerate(found):
        for place, one in enumerate(hypotheses):
            for constraint in given.get(number, ()) if place == 0 or one.ended else ():  # others may have been cut off
                assert any(contains(one.ids, wanted) for wanted in constraint.alternatives), (number, one)
        if number == 4:
            assert hypotheses[0].ids.count(9) >= 2
        if number not in given:
            assert [one.ids for one in hypotheses] == [one.ids for one in free[number]], "others are searched freely"


def test_numbers_say_which_source_is_meant() -> None:
    network = random_marian()
    sources = random_sources(2)
    given = {41: [Constraint(((13,),))]}
    search = ConstrainedBeam(Beam(6, limits=LIMITS), given)
    found = search(decoder_for(network), batch(network, sources), [40, 41])
    assert 13 in found[1][0].ids
    assert found[0][0].ids == Beam(6, limits=LIMITS)(decoder_for(network), batch(network, sources))[0][0].ids


def test_scores_are_still_those_of_the_network() -> None:
    network = random_marian(1)
    sources = random_sources(3, 2)
    given = {number: [Constraint(((17, 18),))] for number in range(3)}
    decoder = decoder_for(network)
    for source, (one,) in zip(
        sources, ConstrainedBeam(Beam(6, limits=LIMITS), given)(decoder, batch(network, sources)), strict=True
    ):
        if one.ended:
            assert one.log_prob == pytest.approx(float(forced_log_probs(decoder, source, one.ids).sum()), abs=1e-3)


def test_a_closed_word_is_not_made_longer() -> None:
    """Here every subword but two continues a word: only one of the two, or the end, may follow the prescribed one."""
    network = random_marian(2)
    continues = torch.ones(PAD + 1, dtype=torch.bool)
    continues[[EOS, 3, 4]] = False
    given = {number: [Constraint(((15,),), closed=True)] for number in range(5)}
    found = ConstrainedBeam(Beam(8, limits=LIMITS), given, continues)(
        decoder_for(network), batch(network, random_sources(5))
    )
    for (one,) in found:
        place = one.ids.index(15)
        assert one.ids[place + 1 : place + 2] in ((), (3,), (4,))


def test_too_little_room_gives_as_much_as_there_is() -> None:
    network = random_marian()
    long = Constraint((tuple(range(2, 12)),))
    (found,) = ConstrainedBeam(Beam(8, limits=Limits(0, 6)), {0: [long]})(
        decoder_for(network), batch(network, random_sources(1))
    )
    assert not found[0].ended
    assert len(found[0].ids) == 6
    assert found[0].ids[-1] in range(2, 12)
