"""The rules by which a translator is planned for somebody's sentence pairs: each from what was seen to a choice.

The numbers are rules of thumb, from what was measured with this toolkit on a processor of two cores and from published
recipes for graphics cards; `docs/translation.md` tells which is which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

_MANY_CHARACTERS = frozenset(("zh", "ja", "ko"))
_CHARACTERS = {"zh": 1.6, "ja": 1.8, "ko": 2.0, "th": 3.0}  # per subword
_CHARACTERS_USUAL = 4.0

FEWEST = 20
"""Pairs below which nothing can be learned."""

_FEW = 5_000
_SIZES = (_FEW, 50_000, 500_000)

_NETWORKS: dict[str, tuple[tuple[int, int, int, int], ...]] = {  # width, hidden, encoder and decoder layers
    "cpu": ((128, 512, 3, 2), (192, 768, 3, 2), (256, 1024, 3, 3), (256, 1024, 4, 3)),
    "gpu": ((128, 512, 3, 3), (256, 1024, 4, 4), (512, 2048, 6, 6), (512, 2048, 6, 6)),
}
_DROPOUTS = (0.3, 0.2, 0.1, 0.1)
_VOCABULARIES = (2_000, 4_000, 8_000, 16_000)
_EPOCHS = (60, 28, 12, 6)
_STEPS: dict[str, tuple[int, int]] = {"cpu": (600, 12_000), "gpu": (2_000, 100_000)}
_TOKENS = {"cpu": 2_048, "gpu": 16_384}


@dataclass(frozen=True)
class Choice:
    """Something chosen, and why, in a sentence for the user."""

    value: Any
    why: str


def size_class(pairs: int) -> int:
    """0 to 3: below 5,000 pairs, below 50,000, below 500,000, or more."""
    return sum(pairs >= border for border in _SIZES)


def network(pairs: int, machine: str) -> Choice:
    """The generator of a recipe."""
    width, hidden, encoder, decoder = _NETWORKS[machine][size_class(pairs)]
    dropout = _DROPOUTS[size_class(pairs)]
    spec = {
        "name": "marian",
        "width": width,
        "hidden": hidden,
        "encoder_layers": encoder,
        "decoder_layers": decoder,
        "heads": max(2, width // 64),
        "dropout": dropout,
    }
    why = f"network of width {width}, {encoder}+{decoder} layers, dropout {dropout}: for {pairs:,} pairs on a {machine}"
    return Choice(spec, f"{why}; more pairs bear a wider one with less dropout")


def vocabulary(pairs: int, languages: tuple[str, str]) -> Choice:
    """Subwords of both languages together."""
    size = _VOCABULARIES[size_class(pairs)]
    many = [code for code in languages if _base(code) in _MANY_CHARACTERS]
    if many:
        size = max(size + 2_000, 4_000)
        return Choice(size, f"vocabulary {size:,}: {pairs:,} pairs, and {many[0]} has thousands of characters")
    return Choice(
        size, f"vocabulary {size:,} for {pairs:,} pairs: rarer subwords would be met too seldom to be learned"
    )


def tokens_per_pair(characters: float, language: str) -> float:
    """Subwords of a sentence, roughly: an exact count would need the vocabulary.

    Args:
        characters: of a sentence of the corpus, on average.
        language: its code.
    """
    return characters / _CHARACTERS.get(_base(language), _CHARACTERS_USUAL) + 1


def batch(machine: str) -> Choice:
    """Places of a batch."""
    tokens = _TOKENS[machine]
    small = "many small steps learn more from few pairs in the time of a processor"
    why = small if machine == "cpu" else "what keeps a graphics card busy"
    return Choice(tokens, f"batches of {tokens:,} subwords, sentences of like lengths together: {why}")


def length(pairs: int, pairs_in_batch: float, machine: str) -> Choice:
    """Steps in all."""
    shortest, longest = _STEPS[machine]
    epochs = _EPOCHS[size_class(pairs)]
    wanted = _rounded(epochs * pairs / pairs_in_batch)
    steps = min(max(wanted, shortest), longest)
    met = steps * pairs_in_batch / pairs
    why = f"{steps:,} steps: every pair is met about {met:.0f} times"
    if steps == longest:
        why += f"; {wanted:,} would be better and take {wanted / steps:.1f} times as long (trainer.steps={wanted})"
    return Choice(steps, why)


def learning_rate(width: int, steps: int, pairs_in_batch: float) -> Choice:
    """A schedule over samples: a warm-up, then half a cosine to a hundredth."""
    peak = {128: 2.5e-3, 192: 2e-3, 256: 1.5e-3}.get(width, 1.5e-3 * math.sqrt(256 / width) / 2)
    warm_up = min(4_000, max(50, steps * 15 // 100))
    schedule = {
        "name": "warm_up",
        "samples": round(warm_up * pairs_in_batch),
        "then": {
            "name": "cosine",
            "start": float(f"{peak:.2g}"),
            "end": float(f"{peak / 100:.2g}"),
            "samples": round(steps * pairs_in_batch),
        },
    }
    return Choice(
        schedule, f"learning rate {peak:.2g} after {warm_up:,} steps of warm-up, then falling to its hundredth"
    )


def split(pairs: int) -> Choice:
    """Shares of the pairs, by distinct source sentence."""
    held_out = min(max(0.02, 100 / pairs), 0.1) if pairs < 50_000 else min(0.02, 1_000 / pairs)
    share = round(held_out, 4)
    return Choice(
        {"train": round(1 - 2 * share, 4), "validation": share, "test": share},
        f"held out: {share:.1%} of the sentences to choose the best weights by, as many to measure",
    )


def notices(pairs: int, lost: int, total: int) -> list[str]:
    """What the user should know of the pairs."""
    found = []
    if pairs < _FEW:
        found.append(
            f"only {pairs:,} pairs: a translator trained on them alone knows just what stands in them; a model of "
            "the same languages can be adapted instead (generator.path=FOLDER data.segmentation=FOLDER)"
        )
    if total and lost / total > 0.3:
        found.append(f"{lost:,} of {total:,} pairs were left out by the cleaning: look at its report above")
    return found


def _base(language: str) -> str:
    return language.replace("-", "_").split("_")[0]


def _rounded(steps: float) -> int:
    return max(50, round(steps / 50) * 50)
