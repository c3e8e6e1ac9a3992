"""Cross entropy under the worst small change of the subwords' vectors (Miyato et al. 2017; Sato et al. 2019)."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.translation.adversarial.embeddings import changed_embeddings, embedding_table, precise, reference_cost
from toolkit.translation.adversarial.rewards import pairs_of
from toolkit.translation.segmented import IGNORED
from toolkit.translation.task import next_subword_logits

_START = 1e-2  # length of the random change that the virtual form begins with, as a share of epsilon


class EmbeddingPerturbation:
    """What a small change of the embeddings, in the worst direction, costs.

    `adversarial`: the direction is the gradient of the cross entropy, and the value is the cross entropy under the
    change (FGM; AdvT in Sato et al. 2019, equations 8 to 10). `virtual`: the direction is that in which the output
    distribution changes most, and the value is that change, a Kullback-Leibler divergence (VAT; equations 11 to 13);
    it needs no reference. Both cost about three passes instead of one.

    Args:
        weight: a number or a schedule.
        kind: see above.
        epsilon: length of the change of a sentence, all its subwords together, before the network scales embeddings.
        sides: whose embeddings are changed.
    """

    needs_real_outputs = False

    def __init__(
        self,
        weight: Scheduled = 1.0,
        kind: Literal["adversarial", "virtual"] = "virtual",
        epsilon: float = 1.0,
        sides: Literal["both", "source", "target"] = "both",
    ) -> None:
        if epsilon <= 0:
            raise ValueError(f"epsilon={epsilon} must be above 0")
        self.weight = as_schedule(weight)
        self.kind = kind
        self.epsilon = epsilon
        self.sides = sides

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: the mean over each reference's subwords."""
        pairs = pairs_of(offer.task, "embedding_perturbation")
        pad_id = pairs.segmenter.pad_id
        generator, noise, batch = offer.generator, offer.noise, offer.batch
        assert generator is not None
        assert noise is not None
        source, target = batch["source"], batch["target"]
        clean = offer.extra("logits")
        assert clean is not None
        clean_log_prob = torch.log_softmax(precise(clean.detach()), -1)

        def cost(changes: list[Tensor]) -> Tensor:
            with changed_embeddings(generator, changes):
                logits = precise(next_subword_logits(generator, source, target, pad_id))
            return _cost(self.kind, torch.log_softmax(logits, -1), clean_log_prob, target)

        text = (source != pad_id, target != IGNORED)
        width = embedding_table(generator).weight.shape[1]
        beginnings = [
            self._beginning(noise.normal(name, where.shape[1], width, dtype=clean_log_prob.dtype), where)
            for name, where in zip(("source", "target"), text, strict=True)
        ]
        slopes = torch.autograd.grad(cost(beginnings).sum(), beginnings)
        return cost(self._worst([slope.detach() for slope in slopes], text))

    def _beginning(self, normal: Tensor, text: Tensor) -> Tensor:
        """Nothing, or for the virtual form a small random change."""
        if self.kind == "adversarial":
            return torch.zeros_like(normal).requires_grad_(True)
        within = normal * text.unsqueeze(-1)
        length = within.flatten(1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1)
        small: Tensor = _START * self.epsilon * within / length
        return small.requires_grad_(True)

    def _worst(self, slopes: list[Tensor], text: tuple[Tensor, Tensor]) -> list[Tensor]:
        """Changes of length epsilon along the slopes; both sides of a pair together are one vector."""
        wanted = {"both": (1.0, 1.0), "source": (1.0, 0.0), "target": (0.0, 1.0)}[self.sides]
        within = [slope * where.unsqueeze(-1) * share for slope, where, share in zip(slopes, text, wanted, strict=True)]
        length = torch.cat([slope.flatten(1) for slope in within], 1).norm(dim=1).clamp(min=1e-12).view(-1, 1, 1)
        return [self.epsilon * slope / length for slope in within]


def _cost(kind: str, log_prob_BTV: Tensor, clean_BTV: Tensor, target_BT: Tensor) -> Tensor:
    if kind == "adversarial":
        return reference_cost(log_prob_BTV, target_BT)
    counted = target_BT != IGNORED
    values = (clean_BTV.exp() * (clean_BTV - log_prob_BTV)).sum(-1)
    return (values * counted).sum(1) / counted.sum(1).clamp(min=1)
