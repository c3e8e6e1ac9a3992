"""Sentence pairs of a new domain with some of the old one mixed in: what a translator is adapted with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from toolkit.config.schema import PartOf
from toolkit.data.source import Skipped, Source
from toolkit.data.splits import split as divide
from toolkit.engine.models import locate_model
from toolkit.errors import ConfigError, Problem
from toolkit.translation.corpora.pair import Pair
from toolkit.translation.segmentation.tokenizer import Segmenter
from toolkit.translation.segmented import SegmentedPairs, pairs_behind, spread

Domain = Literal["new", "old"]

_LONGEST = 256  # subwords of a side
_MEASURED = 500  # old pairs to test with: so few that it takes seconds, so many that a BLEU counts


class TwoDomains(SegmentedPairs):
    """Sentence pairs of a new domain, and as many of an old one as make up a share of the training pairs.

    A network that goes on with other sentences forgets those it knew (McCloskey and Cohen 1989). Some of the old ones
    among the new remind it, and held-out sentences of both decide which weights are kept: the validation split holds at
    most as many old pairs as new ones, the test split at most 500.

    Args:
        segmentation: the model that is adapted; its vocabulary is used for both domains.
        new: sentence pairs, e.g. `{name: parallel_text, ...}`.
        old: likewise, what the model was trained on; `null` mixes nothing in.
        shares: how the new pairs are split, where their data set does not say.
        old_shares: how the old ones were: those that the model was measured with are never trained on.
        old_seed: that they were split with.
        share: of old pairs among the training pairs; 0 to 0.9.
        longest: subwords of a side; longer pairs are left out.

    Raises:
        ConfigError: the share is out of range, or the domains are of different languages.
        DataError: a data set cannot be had.
    """

    def __init__(
        self,
        segmentation: str,
        new: Annotated[Any, PartOf("datasets")],
        old: Annotated[Any, PartOf("datasets")] = None,
        shares: dict[str, float] | None = None,
        old_shares: dict[str, float] | None = None,
        old_seed: int = 0,
        share: float = 0.3,
        longest: int = _LONGEST,
    ) -> None:
        if not 0 <= share <= 0.9:
            raise ConfigError([Problem("data.share", f"is {share:g}; it lies between 0 and 0.9")])
        even = {"train": 0.9, "validation": 0.05, "test": 0.05}
        known = pairs_behind(new)
        parts = _parts(known, shares or even, 0)
        problems: list[Skipped] = list(known.problems)
        domains: list[tuple[Domain, dict[str, list[Pair]]]] = [("new", parts)]
        if old is not None:
            remembered = pairs_behind(old)
            if remembered.languages != known.languages:
                ours, theirs = (" to ".join(languages) for languages in (known.languages, remembered.languages))
                raise ConfigError([Problem("data.old", f"is {theirs}, and data.new is {ours}")])
            old_parts = _with_test(_parts(remembered, old_shares or even, old_seed))
            domains.append(("old", _fewer(old_parts, parts, share)))
            problems += remembered.problems
        told = [(pair, name, domain) for domain, found in domains for name, pairs in found.items() for pair in pairs]
        self._domains: dict[int, Domain] = {id(pair): domain for pair, _, domain in told}
        super().__init__(
            [pair for pair, _, _ in told],
            [name for _, name, _ in told],
            Segmenter.load(locate_model(segmentation)),
            known.languages,
            longest,
            problems,
        )

    def domain(self, index: int) -> Domain:
        """Which domain a pair is from."""
        return self._domains[id(self._pairs[index])]


def _parts(pairs: SegmentedPairs, shares: Mapping[str, float], seed: int) -> dict[str, list[Pair]]:
    """Copies of the pairs by split: a copy each, so that one that stands in both domains is told apart."""
    source: Source = pairs
    return {
        name: [Pair(one.source, one.target, one.origin) for one in map(pairs.pair, map(int, places))]
        for name, places in divide(source, shares, seed).items()
    }


def _with_test(parts: dict[str, list[Pair]]) -> dict[str, list[Pair]]:
    """Where the old recipe kept nothing to test with, half of what it chose its weights by."""
    if parts.get("test"):
        return parts
    held_out = parts.get("validation", [])
    return {**parts, "validation": held_out[::2], "test": held_out[1::2]}


def _fewer(old: Mapping[str, Sequence[Pair]], new: Mapping[str, Sequence[Pair]], share: float) -> dict[str, list[Pair]]:
    """So many of the old pairs as go with the new ones, at equal distances."""
    wanted = {name: len(pairs) for name, pairs in new.items()}
    wanted["train"] = round(wanted.get("train", 0) * share / (1 - share))
    wanted["test"] = _MEASURED
    return {name: spread(pairs, wanted.get(name, 0)) for name, pairs in old.items()}
