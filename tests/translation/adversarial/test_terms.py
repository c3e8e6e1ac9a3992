"""Rewards, risk and perturbations: known answers."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.translation.adversarial.games import game
from toolkit.adversarial.estimators import Draw, ScoreFunction
from toolkit.adversarial.terms import CrossEntropy, Offer
from toolkit.adversarial.types import GeneratorOutput
from toolkit.config import build, load_recipe
from toolkit.data.digits import Digits
from toolkit.data.sequences import padded
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError
from toolkit.runs.assemble import open_recipe
from toolkit.translation.adversarial import doubly_adversarial
from toolkit.translation.adversarial.candidates import draw_candidates
from toolkit.translation.adversarial.doubly_adversarial import DoublyAdversarialInputs
from toolkit.translation.adversarial.minimum_risk import MinimumRisk
from toolkit.translation.adversarial.perturbation import EmbeddingPerturbation
from toolkit.translation.adversarial.rewards import Rewards, SentenceMetric
from toolkit.translation.adversarial.sequence_reward import SequenceReward
from toolkit.translation.task import shifted

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")
pytest.importorskip("sacrebleu")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return open_recipe(load_recipe(game(tmp_path_factory.mktemp("data"), 1)))


def network(opened: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    return build("generators", opened.recipe.generator, "generator")


def batch_of(opened: Any, count: int = 6) -> dict[str, torch.Tensor]:
    pairs = opened.task.pairs
    return padded([pairs[place] for place in range(count)], pairs.padding)


def offer(opened: Any, generator: torch.nn.Module, step: int = 0) -> Offer:
    batch = batch_of(opened)
    draw = Draw(Noise(0, step, torch.arange(6)), ScoreFunction("none"))
    output = GeneratorOutput(torch.zeros(6))
    return Offer(batch, output, None, generator=generator, task=opened.task, noise=draw)


def test_sentence_metrics_go_from_nothing_to_all():
    for name in ("chrf", "bleu"):
        found = SentenceMetric(name, "nl")(
            ["een twee drie vier", "nul", "", "een twee drie"], ["een twee drie vier"] * 4
        )
        assert found[0] == pytest.approx(1.0)
        assert found[2] == 0
        assert found[1] < found[3] < 1


def test_the_reference_itself_gets_the_whole_reward(opened: Any):
    batch = batch_of(opened)
    pad_id = opened.task.pairs.segmenter.pad_id
    ids = batch["target"].masked_fill(batch["target"] < 0, pad_id)
    assert Rewards(opened.task.pairs, "chrf")(ids, batch["place"].flatten()).tolist() == pytest.approx([1.0] * 6)


def test_candidates_are_drawn_each_for_itself_and_repetitions_are_found(opened: Any):
    generator, batch = network(opened), batch_of(opened)
    noise = Noise(0, 0, torch.arange(6))
    whole = draw_candidates(generator, batch, opened.task.pairs, noise, 3, True)
    part = {name: column[2:4] for name, column in batch.items()}
    some = draw_candidates(generator, part, opened.task.pairs, noise.part(2, 4), 3, True)
    assert torch.equal(some.ids, whole.ids.view(6, 3, -1)[2:4].flatten(0, 1))
    torch.testing.assert_close(some.log_prob, whole.log_prob[2:4], atol=1e-4, rtol=1e-4)
    assert whole.new[:, 0].all()
    assert whole.places.tolist() == [place for place in range(6) for _ in range(3)]


def test_minimum_risk_is_the_expectation_over_the_candidates(opened: Any):
    generator = network(opened)
    term = MinimumRisk(candidates=3, alpha=0.5)
    found = term(offer(opened, generator))
    drawn = draw_candidates(
        generator, batch_of(opened), opened.task.pairs, Noise(0, 0, torch.arange(6)).scope("risk"), 3, False
    )
    rewards = Rewards(opened.task.pairs, "chrf")(drawn.ids, drawn.places).view(6, 3)
    for row in range(6):
        kept = drawn.new[row]
        share = torch.softmax(0.5 * drawn.log_prob[row][kept], 0)
        torch.testing.assert_close(found[row], (share * (1 - rewards[row][kept])).sum(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("term", [MinimumRisk(candidates=6, alpha=1.0), SequenceReward()], ids=["risk", "reward"])
def test_steps_along_the_term_raise_the_reward(opened: Any, term: Any):
    generator = network(opened)
    optimizer = torch.optim.Adam(generator.parameters(), lr=3e-3)
    rewards = []
    for step in range(60):
        made = offer(opened, generator, step)
        optimizer.zero_grad()
        term(made).mean().backward()
        optimizer.step()
        rewards.append(float(made.reported["reward"]))
    assert sum(rewards[-15:]) > 1.3 * sum(rewards[:15])


def test_the_worst_direction_costs_more_than_the_clean_pass_and_than_a_random_one(opened: Any):
    generator = network(opened).eval()
    clean = CrossEntropy(target="target")(offer(opened, generator))
    worst = EmbeddingPerturbation(kind="adversarial", epsilon=0.5)(offer(opened, generator))
    assert (worst > clean).all()
    virtual = EmbeddingPerturbation(kind="virtual", epsilon=0.5)
    worse = virtual(offer(opened, generator))
    virtual._worst = lambda slopes, text: EmbeddingPerturbation._worst(  # type: ignore[method-assign]
        virtual, [torch.randn_like(slope) for slope in slopes], text
    )
    assert (worse > virtual(offer(opened, generator))).all()


def test_a_change_has_the_length_epsilon_over_both_sentences(opened: Any):
    term = EmbeddingPerturbation(epsilon=0.7)
    text = (torch.tensor([[True, True, False]]), torch.tensor([[True, False]]))
    changes = term._worst([torch.ones(1, 3, 4), torch.ones(1, 2, 4)], text)
    assert torch.cat([change.flatten() for change in changes]).norm() == pytest.approx(0.7)
    assert changes[0][0, 2].abs().sum() == 0


def test_terms_of_translation_say_where_they_belong():
    picture = Offer({}, GeneratorOutput(torch.zeros(2)), None, task=Digits())  # type: ignore[arg-type]
    for term in (MinimumRisk(), SequenceReward(), EmbeddingPerturbation(), DoublyAdversarialInputs()):
        with pytest.raises(ToolkitError, match="belongs to translation"):
            term(picture)


def test_a_further_pass_is_made_once_for_all_terms(opened: Any):
    generator, passes = network(opened), []
    generator.register_forward_hook(lambda *_: passes.append(1))
    made = offer(opened, generator)
    first, second = made.extra("logits"), made.extra("logits")
    assert first is second
    assert len(passes) == 1
    assert made.extra("no such thing") is None


def test_exchanged_words_cost_more_than_the_clean_ones_and_than_random_ones(opened: Any, monkeypatch: Any):
    generator = network(opened).eval()
    clean = CrossEntropy(target="target")(offer(opened, generator))
    term = DoublyAdversarialInputs(source_share=1.0, target_share=1.0, candidates=8)
    worst = term(offer(opened, generator))
    assert worst.sum() > clean.sum()

    def lowest(ids: Any, candidates: Any, slopes: Any, table: Any, chosen: Any) -> Any:
        return exchanged(ids, candidates, -slopes, table, chosen)

    exchanged = doubly_adversarial._exchanged
    monkeypatch.setattr(doubly_adversarial, "_exchanged", lowest)
    assert worst.sum() > term(offer(opened, generator)).sum()


def test_exchanged_words_are_words_and_nothing_else_is_exchanged(opened: Any, monkeypatch: Any):
    generator, segmenter, seen = network(opened), opened.task.pairs.segmenter, []
    after = doubly_adversarial.logits_after
    monkeypatch.setattr(doubly_adversarial, "logits_after", lambda *given: (seen.append(given), after(*given))[1])
    made = offer(opened, generator)
    DoublyAdversarialInputs(source_share=1.0, target_share=1.0)(made)
    _, source, read, pad_id = seen[0]
    special = {segmenter.eos_id, segmenter.unk_id, pad_id}
    for before, now in ((made.batch["source"], source), (shifted(made.batch["target"], pad_id), read)):
        words = ~torch.isin(before, torch.tensor(sorted(special)))
        assert torch.equal(before[~words], now[~words])
        assert torch.isin(now[words], torch.tensor(segmenter.text_ids)).all()
        assert (before != now)[words].float().mean() > 0.5
    seen.clear()
    DoublyAdversarialInputs(source_share=0.0, target_share=0.0)(made)
    assert torch.equal(seen[0][1], made.batch["source"])
