"""Cross entropy on texts whose subwords were exchanged for the worst ones (Cheng et al. 2019, "AdvGen")."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.translation.adversarial.embeddings import changed_embeddings, embedding_table, precise, reference_cost
from toolkit.translation.adversarial.rewards import pairs_of
from toolkit.translation.task import logits_after, next_subword_logits, shifted


class DoublyAdversarialInputs:
    """What it costs when words of the source, and of what the decoder reads, are those that the loss likes least.

    Of some places, each among a few candidates, the subword is taken whose embedding lies furthest along the gradient
    of the loss by angle (Cheng et al. 2019, equation 4); the reference stays what is to be written. It costs about
    three passes instead of one.

    The paper's candidates for the source come from a language model that reads in both directions; here they are the
    nearest in the translator's own embeddings, so that nothing else must be trained. For the decoder they are the
    likeliest at that place by the translator itself, which is half of the paper's mixture. The paper draws places of
    the target by their attention to exchanged words of the source, and takes the gradient there anew; here places are
    drawn evenly, and one gradient serves both sides.

    Args:
        weight: a number or a schedule.
        source_share: how many places of a source are exchanged, 0 to 1.
        target_share: of what the decoder reads, likewise.
        candidates: for each place, 1 to as many as there are subwords.
    """

    needs_real_outputs = False

    def __init__(
        self,
        weight: Scheduled = 1.0,
        source_share: float = 0.25,
        target_share: float = 0.5,
        candidates: int = 10,
    ) -> None:
        for name, value in (("source_share", source_share), ("target_share", target_share)):
            if not 0 <= value <= 1:
                raise ValueError(f"{name}={value} must lie between 0 and 1")
        if candidates < 1:
            raise ValueError(f"candidates={candidates} must be at least 1")
        self.weight = as_schedule(weight)
        self.source_share = source_share
        self.target_share = target_share
        self.candidates = candidates

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: the mean over each reference's subwords."""
        pairs = pairs_of(offer.task, "doubly_adversarial_inputs")
        pad_id = pairs.segmenter.pad_id
        generator, noise = offer.generator, offer.noise
        assert generator is not None
        assert noise is not None
        source, target = offer.batch["source"], offer.batch["target"]
        clean = offer.extra("logits")
        assert clean is not None
        read = shifted(target, pad_id)
        slopes = _slopes(generator, source, target, pad_id)
        allowed = torch.zeros(len(pairs.segmenter), dtype=torch.bool, device=source.device)
        allowed[list(pairs.segmenter.text_ids)] = True
        table = embedding_table(generator).weight.detach()[: len(allowed)]
        likely = clean.detach()[:, :-1, : len(allowed)].masked_fill(~allowed, -torch.inf)
        count = min(self.candidates, len(pairs.segmenter.text_ids))
        written = nn.functional.pad(likely.topk(count, -1).indices, (0, 0, 1, 0), value=pad_id)  # nothing for the first
        drawn = {name: noise.uniform(name, ids.shape[1]) for name, ids in (("source", source), ("target", read))}
        source = _exchanged(
            source,
            _nearest(table, allowed, source, count),
            slopes[0],
            table,
            allowed[source] & (drawn["source"] < self.source_share),
        )
        read = _exchanged(read, written, slopes[1], table, allowed[read] & (drawn["target"] < self.target_share))
        logits = precise(logits_after(generator, source, read, pad_id))
        return reference_cost(torch.log_softmax(logits, -1), target)


def _slopes(generator: nn.Module, source: Tensor, target: Tensor, pad_id: int) -> list[Tensor]:
    """The gradient of the cross entropy by each embedding, of the source and of what the decoder reads."""
    width = embedding_table(generator).weight.shape[1]
    at = [torch.zeros(*ids.shape, width, device=ids.device, requires_grad=True) for ids in (source, target)]
    with changed_embeddings(generator, list(at)):
        logits = precise(next_subword_logits(generator, source, target, pad_id))
    slopes = torch.autograd.grad(reference_cost(torch.log_softmax(logits, -1), target).sum(), at)
    return [slope.detach() for slope in slopes]


def _nearest(table_VN: Tensor, allowed_V: Tensor, ids_BS: Tensor, count: int) -> Tensor:
    """`[B, S, count]`: the subwords whose embeddings are most like those of the given ones, themselves left out."""
    different, place = torch.unique(ids_BS, return_inverse=True)
    directions = nn.functional.normalize(table_VN.float(), dim=1)
    likeness = (directions[different] @ directions.T).masked_fill(~allowed_V, -torch.inf)
    likeness[torch.arange(len(different), device=different.device), different] = -torch.inf
    return likeness.topk(min(count, likeness.shape[1]), -1).indices[place]


def _exchanged(
    ids_BT: Tensor, candidates_BTK: Tensor, slopes_BTN: Tensor, table_VN: Tensor, chosen_BT: Tensor
) -> Tensor:
    """At chosen places the candidate whose change of the embedding has the smallest angle to the slope."""
    changes = table_VN[candidates_BTK] - table_VN[ids_BT].unsqueeze(2)
    angles = nn.functional.cosine_similarity(changes.float(), slopes_BTN.float().unsqueeze(2), dim=-1)
    worst = candidates_BTK.gather(-1, angles.argmax(-1, keepdim=True)).squeeze(-1)
    return torch.where(chosen_BT, worst, ids_BT)
