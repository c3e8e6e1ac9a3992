"""Small networks with random weights, and a decoder that is a table, for tests of searches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from toolkit.translation.decoding.hypotheses import padded
from toolkit.translation.decoding.module_decoder import ModuleDecoder
from toolkit.translation.decoding.stepwise import Step

VOCABULARY = 37
PAD, EOS = VOCABULARY - 1, 0


def random_marian(seed: int = 0, sharp: float = 3.0, **settings: Any) -> nn.Module:
    """A tiny Marian network whose every weight matters: biases and norms are not at their first values either."""
    pytest.importorskip("transformers")
    from toolkit.translation.seq2seq import marian

    torch.manual_seed(seed)
    sizes = {"width": 16, "hidden": 24, "encoder_layers": 2, "decoder_layers": 2, "heads": 2, **settings}
    network: Any = marian(VOCABULARY, PAD, EOS, **sizes).eval()
    with torch.no_grad():
        for value in network.parameters():
            value += 0.1 * torch.randn_like(value)
        network.model.shared.weight *= sharp
        network.final_logits_bias[0, EOS] = 1.5
    return network


def random_sources(count: int = 5, seed: int = 1) -> list[list[int]]:
    """Sources of different lengths."""
    generator = torch.Generator().manual_seed(seed)
    return [
        [*torch.randint(2, PAD, (2 + 3 * number % 7,), generator=generator).tolist(), EOS] for number in range(count)
    ]


def batch(network: nn.Module, sources: Sequence[Sequence[int]]) -> Tensor:
    """The sources, padded."""
    return padded(sources, ModuleDecoder(network))


class TableDecoder:
    """The next subword depends on the last one and on the first one of the source: `table[first][last]`, probabilities.

    Subwords are 0 (end), 1, 2, ..., the last of them pads and begins.
    """

    eos_id = 0
    longest = 50

    def __init__(self, tables: Sequence[Sequence[Sequence[float]]]) -> None:
        self.tables = torch.tensor(tables)
        self.vocabulary = self.tables.shape[2]
        self.pad_id = self.start_id = self.vocabulary - 1
        self.device = torch.device("cpu")

    def begin(self, source_BS: Tensor, attention: bool = False) -> _TableState:
        return _TableState(self, source_BS[:, 0])


class _TableState:
    def __init__(self, decoder: TableDecoder, first: Tensor) -> None:
        self.decoder = decoder
        self.first = first

    def step(self, tokens_R: Tensor) -> Step:
        return Step(self.decoder.tables[self.first, tokens_R].log())

    def reorder(self, rows_BK: Tensor) -> None:
        self.first = self.first[rows_BK.flatten()]
