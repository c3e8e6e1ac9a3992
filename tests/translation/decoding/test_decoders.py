from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.translation.decoding.networks import EOS, PAD, VOCABULARY, batch, random_marian, random_sources
from toolkit.translation.decoding.marian_decoder import MarianDecoder, is_marian
from toolkit.translation.decoding.module_decoder import ModuleDecoder
from toolkit.translation.decoding.stepwise import StepwiseDecoder


def forced(decoder: StepwiseDecoder, source: Tensor, target: Tensor, attention: bool = False) -> list[Any]:
    state = decoder.begin(source, attention)
    before = torch.cat([torch.full((len(target), 1), decoder.start_id), target[:, :-1]], 1)
    return [state.step(tokens) for tokens in before.T]


def wanted(network: nn.Module, source: Tensor, target: Tensor) -> Tensor:
    before = torch.cat([torch.full((len(target), 1), PAD), target[:, :-1]], 1)
    mask = (source != PAD).long()
    logits: Tensor = network(input_ids=source, attention_mask=mask, decoder_input_ids=before).logits
    logits[:, :, PAD] = -torch.inf
    return logits.log_softmax(-1)[:, :, :PAD]


@pytest.mark.parametrize("make", [MarianDecoder, ModuleDecoder])
@pytest.mark.parametrize(
    "settings", [{}, {"activation": "swish"}, {"heads": 4, "encoder_layers": 1, "decoder_layers": 3, "width": 8}]
)
def test_steps_give_the_probabilities_of_the_whole_network(make: Any, settings: dict[str, Any]) -> None:
    network = random_marian(**settings)
    source = batch(network, random_sources())
    target = torch.randint(1, PAD, (5, 40), generator=torch.Generator().manual_seed(2))  # more than memory is set aside
    steps = forced(make(network), source, target)
    with torch.inference_mode():
        expected = wanted(network, source, target)
    found = torch.stack([step.logits.log_softmax(-1)[:, :PAD] for step in steps], 1)
    assert torch.allclose(found, expected, atol=1e-4)
    assert all(step.logits[:, PAD].isneginf().all() for step in steps)
    assert steps[0].attention is None


def test_both_go_on_alike_with_sorted_repeated_and_dropped_hypotheses() -> None:
    network = random_marian()
    source = batch(network, random_sources(4))
    states = [make(network).begin(source, attention=True) for make in (MarianDecoder, ModuleDecoder)]
    generator = torch.Generator().manual_seed(0)
    rows = 4
    orders = {1: [[0, 0], [1, 1], [2, 2], [3, 3]], 3: [[1, 0], [4, 4], [7, 6]], 5: [[5, 4]], 6: [[1, 0]], 8: [[1]]}
    for place in range(10):
        tokens = torch.randint(1, PAD, (rows,), generator=generator)
        ours, theirs = (state.step(tokens) for state in states)
        assert torch.allclose(ours.logits.log_softmax(1)[:, :PAD], theirs.logits.log_softmax(1)[:, :PAD], atol=1e-4)
        assert ours.attention is not None
        assert theirs.attention is not None
        assert torch.allclose(ours.attention, theirs.attention, atol=1e-5)
        assert torch.allclose(ours.attention.sum(1), torch.ones(rows))
        if place in orders:
            order = torch.tensor(orders[place])
            rows = order.numel()
            for state in states:
                state.reorder(order)


def test_attention_is_that_of_the_last_layer_and_nothing_is_seen_of_padding() -> None:
    network: Any = random_marian()
    source = batch(network, random_sources(3))
    step = forced(MarianDecoder(network), source, torch.ones(3, 1, dtype=torch.int64), attention=True)[0]
    network.set_attn_implementation("eager")
    mask = (source != PAD).long()
    start = torch.full((3, 1), PAD)
    answer = network(input_ids=source, attention_mask=mask, decoder_input_ids=start, output_attentions=True)
    assert torch.allclose(step.attention, answer.cross_attentions[-1].mean(1)[:, 0], atol=1e-5)
    assert float(step.attention[source == PAD].abs().max()) == 0


@pytest.mark.parametrize(("precision", "allowed"), [("bfloat16", 0.15), ("int8", 0.15)])
def test_rounded_products_come_near(precision: Any, allowed: float) -> None:
    network = random_marian(sharp=1.0)
    source = batch(network, random_sources())
    target = torch.randint(1, PAD, (5, 6), generator=torch.Generator().manual_seed(2))
    found = forced(MarianDecoder(network, precision), source, target)
    exact = forced(MarianDecoder(network), source, target)
    for ours, theirs in zip(found, exact, strict=True):
        assert ours.logits.dtype == torch.float32
        difference = ours.logits.log_softmax(1)[:, :PAD] - theirs.logits.log_softmax(1)[:, :PAD]
        assert float(difference.abs().max()) < allowed
        assert ours.logits[:, PAD].isneginf().all()


def test_dropout_is_not_applied() -> None:
    network = random_marian(dropout=0.5).train()
    source, target = batch(network, random_sources()), torch.ones(5, 2, dtype=torch.int64)
    once, again = (forced(MarianDecoder(network), source, target)[1].logits for _ in range(2))
    assert torch.equal(once, again)


def test_any_network_of_transformers_is_decoded_by_its_own_module() -> None:
    library = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = library.T5Config(
        vocab_size=VOCABULARY, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2, pad_token_id=PAD,
        eos_token_id=EOS, decoder_start_token_id=PAD,
    )  # fmt: skip
    network = library.T5ForConditionalGeneration(config).eval()
    assert not is_marian(network)
    source = batch(network, random_sources())
    target = torch.randint(1, PAD, (5, 6), generator=torch.Generator().manual_seed(2))
    decoder = ModuleDecoder(network)
    state = decoder.begin(source)
    with torch.inference_mode():
        expected = wanted(network, source, target)
    before = torch.cat([torch.full((5, 1), PAD), target[:, :-1]], 1)
    for place, tokens in enumerate(before.T):
        found = state.step(tokens).logits.log_softmax(-1)[:, :PAD]
        assert torch.allclose(found, expected[:, place], atol=1e-4)
        state.reorder(torch.arange(5)[:, None])


def test_a_network_without_an_end_mark_is_refused() -> None:
    network: Any = random_marian()
    network.config.eos_token_id = None
    with pytest.raises(ValueError, match="eos_token_id"):
        ModuleDecoder(network)
    with pytest.raises(ValueError, match="no Marian network"):
        MarianDecoder(nn.Linear(2, 2))
