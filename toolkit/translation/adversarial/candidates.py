"""Several translations of every source, drawn from the generator, with their log-probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw, ScoreFunction
from toolkit.adversarial.types import Batch
from toolkit.engine.randomness import Noise
from toolkit.translation.adversarial.drawing import draw, log_probs_of, scores_of
from toolkit.translation.segmented import IGNORED, SegmentedPairs

_ROOM = 6  # subwords that a candidate may have more than the reference


@dataclass(frozen=True, slots=True)
class Candidates:
    """Translations of a batch, `K` of each source in neighbouring rows.

    Attributes:
        ids: `[B * K, T]`, `pad_id` after the end.
        log_prob: `[B, K]`, of whole translations, with a graph.
        places: `[B * K]`, of their pairs in the data.
        new: `[B, K]`, whether a candidate is none of those before it.
    """

    ids: Tensor
    log_prob: Tensor
    places: Tensor
    new: Tensor


def draw_candidates(
    generator: nn.Module, batch: Batch, pairs: SegmentedPairs, noise: Noise, count: int, with_reference: bool
) -> Candidates:
    """Draw `count` translations of each source; the reference may be the first of them.

    Args:
        generator: the network.
        batch: `source`, `target` and `place`.
        pairs: the data.
        noise: keyed by the samples of the batch; each candidate gets a key of its own.
        count: of candidates, the reference included.
        with_reference: take it in.
    """
    segmenter = pairs.segmenter
    drawn = count - with_reference
    source, target = batch["source"].repeat_interleave(drawn, 0), batch["target"]
    numbers = torch.arange(drawn, device=source.device).repeat(len(target))
    keyed = Draw(
        Noise(noise.seed, noise.step, noise.samples.repeat_interleave(drawn) * drawn + numbers, noise.path),
        ScoreFunction("none"),
    )
    ids = draw(
        generator,
        source,
        ((target != IGNORED).sum(1) + _ROOM).repeat_interleave(drawn),
        lambda place, logits: keyed.choose(f"candidate{place}", logits).ids,
        segmenter.pad_id,
        segmenter.eos_id,
        width=target.shape[1] + _ROOM,
    ).view(len(target), drawn, -1)
    if with_reference:
        own = nn.functional.pad(
            target.masked_fill(target == IGNORED, segmenter.pad_id), (0, _ROOM), value=segmenter.pad_id
        )
        ids = torch.cat([own.unsqueeze(1), ids], 1)
    flat = ids.flatten(0, 1)
    logits = scores_of(generator, batch["source"].repeat_interleave(count, 0), flat, segmenter.pad_id)
    log_prob = log_probs_of(logits, flat, segmenter.pad_id).sum(1).view(len(target), count)
    same = (ids.unsqueeze(1) == ids.unsqueeze(2)).all(-1)
    earlier = torch.ones(count, count, dtype=torch.bool, device=ids.device).tril(-1)
    new = ~(same & earlier).any(2)
    return Candidates(flat, log_prob, batch["place"].flatten().repeat_interleave(count), new)
