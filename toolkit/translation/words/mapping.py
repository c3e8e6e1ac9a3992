"""From one space of words into another: likeness that heeds neighbourhoods, and the best rotation for known pairs."""

from __future__ import annotations

from collections.abc import Mapping, Set

import torch
from torch import Tensor

_NEIGHBOURS = 10
_AT_ONCE = 1_024  # words, so that tens of thousands fit into memory
_JUDGED = 10_000  # words that say how good a mapping is
_RANKED = 15_000  # of the most frequent words a dictionary is made of, at most (Conneau et al. 2018, section 3.4)


def nearest(mapped_NE: Tensor, target_ME: Tensor, count: int = 1, rows: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """`[R, count]` likenesses and places of the words of the other language that are nearest to some mapped ones.

    Likeness is cross-domain similarity local scaling (CSLS, Conneau et al. 2018, equation 3) of vectors of length 1:
    twice the cosine, less the mean cosine of either word with its ten nearest in the other language. Words that lie
    near to everything ("hubs") are nobody's translation.

    Args:
        mapped_NE: all words of the one language, for they decide who is a hub.
        target_ME: all words of the other.
        count: how many are wanted.
        rows: places of the words in question; all of them by default.
    """
    wanted = torch.arange(len(mapped_NE), device=mapped_NE.device) if rows is None else rows
    theirs, ours = _neighbourhood(target_ME, mapped_NE), _neighbourhood(mapped_NE, target_ME)
    values, places = [], []
    for some in torch.split(wanted, _AT_ONCE):
        likeness = 2 * mapped_NE[some] @ target_ME.T - ours[some].unsqueeze(1) - theirs
        best = likeness.topk(min(count, len(target_ME)), 1)
        values.append(best.values)
        places.append(best.indices)
    return torch.cat(values), torch.cat(places)


def _neighbourhood(vectors_NE: Tensor, others_ME: Tensor) -> Tensor:
    """`N`: the mean cosine of each with its nearest in the other language."""
    count = min(_NEIGHBOURS, len(others_ME))
    return torch.cat([(some @ others_ME.T).topk(count, 1).values.mean(1) for some in torch.split(vectors_NE, _AT_ONCE)])


def procrustes(source_PE: Tensor, target_PE: Tensor) -> Tensor:
    """`[E, E]`: the orthogonal matrix W for which `source @ W.T` is nearest to `target` (Schönemann 1966)."""
    left, _, right = torch.linalg.svd(target_PE.T @ source_PE)
    found: Tensor = left @ right
    return found


def refine(weight_EE: Tensor, source_NE: Tensor, target_ME: Tensor, rounds: int = 5) -> Tensor:
    """Procrustes on the pairs of words that are each other's nearest under the last mapping, some rounds.

    Conneau et al. 2018, section 3.2. Where no words are each other's nearest the mapping stays.
    """
    source, target = source_NE[:_RANKED], target_ME[:_RANKED]
    for _ in range(rounds):
        ours, theirs = mutual(source @ weight_EE.T, target)
        if not len(ours):
            break
        weight_EE = procrustes(source[ours], target[theirs])
    return weight_EE


def mutual(mapped_NE: Tensor, target_ME: Tensor) -> tuple[Tensor, Tensor]:
    """Places of the words that are each other's nearest by CSLS."""
    best = nearest(mapped_NE, target_ME)[1].squeeze(1)
    back = nearest(target_ME, mapped_NE)[1].squeeze(1)
    ours = (back[best] == torch.arange(len(best), device=best.device)).nonzero().squeeze(1)
    return ours, best[ours]


def mean_cosine(mapped_NE: Tensor, target_ME: Tensor) -> float:
    """Mean cosine of each word with its translation by CSLS: says without a dictionary how good a mapping is.

    Conneau et al. 2018, section 3.5, choose their weights by it.
    """
    mapped, target = mapped_NE[:_JUDGED], target_ME[:_RANKED]
    best = nearest(mapped, target)[1].squeeze(1)
    return float((mapped * target[best]).sum(1).mean())


def precision(
    mapped_NE: Tensor, target_ME: Tensor, dictionary: Mapping[int, Set[int]], ranks: tuple[int, ...] = (1, 5)
) -> dict[int, float]:
    """How many words of a dictionary have a right translation among their nearest by CSLS, 0 to 1, by rank."""
    if not dictionary:
        return {}
    wanted = list(dictionary)
    found = nearest(mapped_NE, target_ME, max(ranks), torch.tensor(wanted))[1].tolist()
    return {
        rank: sum(bool(dictionary[word] & set(row[:rank])) for word, row in zip(wanted, found, strict=True))
        / len(wanted)
        for rank in ranks
    }
