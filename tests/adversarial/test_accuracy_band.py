"""The accuracy band: when the game begins, who rests, and what is said about it."""

from __future__ import annotations

import pytest
import torch

from tests.adversarial.toys import Stream, game, trainer
from toolkit.adversarial.accuracy_band import AccuracyBand
from toolkit.adversarial.terms import Reconstruction


def fed(band: AccuracyBand, *accuracies: float, step: int = 100) -> AccuracyBand:
    done = band._last
    for number, accuracy in enumerate(accuracies, 1):
        band.update(done + number * step, {"accuracy": accuracy})
    return band


def test_the_game_begins_when_the_discriminator_reaches_the_band():
    band = AccuracyBand(0.75, 0.85, patience=10_000, memory=1)
    fed(band, 0.5, 0.6, 0.7)
    assert not band.began
    fed(band, 0.78)
    assert band.began
    assert band.counts
    assert not band.rests
    assert "right in 78% of cases after 400 samples: the game begins" in band.sentences[0]


def test_patience_ends_the_wait_and_says_so():
    band = fed(AccuracyBand(0.75, 0.85, patience=300, memory=1), 0.5, 0.5, 0.5)
    assert band.began
    assert "below 75%: the game begins all the same" in band.sentences[0]


def test_a_discriminator_that_knows_everything_at_once_is_remarked_upon():
    band = fed(AccuracyBand(0.75, 0.85, patience=10_000, memory=1), 1.0)
    assert "outside of the meaning" in band.sentences[0]


def test_above_the_band_it_rests_three_steps_in_four_and_below_its_word_does_not_count():
    band = fed(AccuracyBand(0.75, 0.85, patience=10_000, memory=1), 0.8, 0.95)
    pattern = []
    for _ in range(8):
        pattern.append(band.rests)
        band.update(band._last, {})
    assert pattern.count(True) == 6
    fed(band, 0.6)
    assert not band.counts
    assert not band.rests
    fed(band, 0.8)
    assert band.counts
    assert [words for words in band.sentences if "rests three steps in four" in words]
    assert [words for words in band.sentences if "on its terms alone" in words]
    assert [words for words in band.sentences if "both play" in words]


def test_the_game_follows_its_band():
    played = game(terms=[Reconstruction()], band=AccuracyBand(0.75, 0.85, patience=10_000, memory=1))
    assert played.turns(0) == ("discriminator",)
    played.finish_step(100, {"accuracy": 0.8})
    assert played.turns(100) == ("discriminator", "generator")
    played.finish_step(200, {"accuracy": 0.95})
    turns = []
    for _ in range(4):
        turns.append(played.turns(200))
        played.finish_step(200, {})
    assert turns.count(("generator",)) == 3
    played.finish_step(300, {"accuracy": 0.5})
    assert played.turns(300) == ("discriminator", "generator")
    played.prepare("generator")
    batch = next(Stream().iterate(0))
    from toolkit.engine.randomness import Noise

    found = played.losses("generator", batch, Noise(0, 0, torch.arange(8)), 300, 3)
    assert set(found.values) == {"generator/reconstruction"}  # its word does not count


def test_a_generator_without_terms_waits_while_nobody_counts():
    played = game(band=AccuracyBand(0.75, 0.85, patience=10_000, memory=1))
    played.finish_step(100, {"accuracy": 0.8})
    played.finish_step(200, {"accuracy": 0.5})
    assert played.turns(200) == ("discriminator",)


def test_a_run_with_a_band_goes_on_as_if_it_had_not_been_interrupted():
    def made():
        return trainer(game(terms=[Reconstruction()], band=AccuracyBand(0.5, 0.6, patience=64, memory=8)), lr=0.3)

    whole, first, second = made(), made(), made()
    whole.fit(Stream(), 12)
    first.fit(Stream(), 7)
    for module, other in ((second.game.generator, first.game.generator),):
        module.load_state_dict(other.state_dict())
    second.game.discriminators.load_state_dict(first.game.discriminators.state_dict())
    second.ema.module.load_state_dict(first.ema.module.state_dict())
    second.load_state_dict(first.state_dict())
    second.fit(Stream(), 12)
    assert whole.game.band.state_dict() == second.game.band.state_dict()
    ours, theirs = whole.game.generator.state_dict(), second.game.generator.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_shared_fakes_carry_a_graph_only_where_the_generator_will_use_it():
    from toolkit.engine.randomness import Noise

    band = AccuracyBand(0.75, 0.85, patience=10_000, memory=1)
    played = game(terms=[Reconstruction()], band=band, shared_fakes=True)
    batch, noise = next(Stream().iterate(0)), Noise(0, 0, torch.arange(8))
    played.prepare("discriminator")
    played.losses("discriminator", batch, noise, 0, 0)
    assert not played._fakes
    played.finish_step(100, {"accuracy": 0.8})
    played.losses("discriminator", batch, noise, 100, 1)
    assert played._fakes[0].data.requires_grad


@pytest.mark.parametrize("bounds", [(0.4, 0.8), (0.8, 0.8), (0.7, 1.1)])
def test_a_band_that_is_none_is_refused(bounds):
    with pytest.raises(ValueError, match="accuracy band lies between"):
        AccuracyBand(*bounds, patience=1)
