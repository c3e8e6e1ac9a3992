"""A translator so small that every translation can be written down: two subwords, an end mark, three places at most."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.adversarial.types import DiscriminatorOutput
from toolkit.translation.adversarial.drawing import log_probs_of, scores_of
from toolkit.translation.adversarial.task import AdversarialTranslationTask
from toolkit.translation.seq2seq import marian

EOS, ONE, TWO, PAD = range(4)
MOST = 3
SOURCE = (ONE, TWO, TWO, EOS)


def network(seed: int = 0) -> nn.Module:
    """A Marian network of float64 whose choices are far from even."""
    torch.manual_seed(seed)
    made = marian(4, PAD, EOS, width=8, hidden=8, encoder_layers=1, decoder_layers=1, heads=2, dropout=0.3, longest=16)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return made.double().train()


def translations() -> list[tuple[int, ...]]:
    """Every translation: what ends by itself, and what is cut off."""

    def longer(begun: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        for subword in (EOS, ONE, TWO):
            whole = (*begun, subword)
            if subword == EOS or len(whole) == MOST:
                yield whole
            else:
                yield from longer(whole)

    return list(longer(()))


def as_ids(rows: list[tuple[int, ...]]) -> Tensor:
    return torch.tensor([[*row, *[PAD] * (MOST - len(row))] for row in rows])


def log_probs(generator: nn.Module, ids: Tensor) -> Tensor:
    """Of whole translations, with a graph."""
    source = torch.tensor([SOURCE]).expand(len(ids), -1)
    return log_probs_of(scores_of(generator, source, ids, PAD), ids, PAD).sum(1)


def batch(count: int) -> dict[str, Tensor]:
    """The same pair again and again; its reference has one subword, so that samples have three places."""
    return {
        "source": torch.tensor([SOURCE]).repeat(count, 1),
        "target": torch.tensor([[EOS]]).repeat(count, 1),
        "place": torch.zeros(count, 1, dtype=torch.int64),
    }


def task(form: str) -> AdversarialTranslationTask:
    made = AdversarialTranslationTask(form=form, room=MOST - 1)  # type: ignore[arg-type]
    made._dtype = torch.float64
    segmenter: Any = SimpleNamespace(pad_id=PAD, eos_id=EOS, __len__=lambda: 4)
    made._pairs = SimpleNamespace(segmenter=_Four(segmenter))  # type: ignore[assignment]
    return made


class _Four:
    def __init__(self, about: Any) -> None:
        self.pad_id, self.eos_id = about.pad_id, about.eos_id

    def __len__(self) -> int:
        return 4


class Taste(nn.Module):
    """A discriminator that never learns: it likes some subwords at some places, and some that stand together.

    Args:
        places: so many, from the first, that it looks at.
    """

    def __init__(self, places: int = MOST) -> None:
        super().__init__()
        self.places = places
        generator = torch.Generator().manual_seed(3)
        self.liked = nn.Parameter(torch.randn(MOST, 4, generator=generator, dtype=torch.float64))

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        rows = data if data.is_floating_point() else nn.functional.one_hot(data, 4).double()
        each = (rows * self.liked).sum(2)[:, : self.places]
        return DiscriminatorOutput((1.5 * each.sum(1) + 2.0 * (each[:, :-1] * each[:, 1:]).sum(1),))


def exact_gradient(generator: nn.Module, judge: nn.Module) -> Tensor:
    """Of the expected adversarial loss, by enumeration: one vector of all parameters."""
    ids = as_ids(translations())
    with torch.no_grad():
        cost = nn.functional.softplus(-judge(ids).logits[0])
    expected = (log_probs(generator, ids).exp() * cost).sum()
    return flat(torch.autograd.grad(expected, list(generator.parameters()), allow_unused=True), generator)


def flat(gradients: Any, generator: nn.Module) -> Tensor:
    pairs = zip(gradients, generator.parameters(), strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])
