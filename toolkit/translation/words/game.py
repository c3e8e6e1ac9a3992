"""Two languages' words as a game: a rotation of one space, and a discriminator that tells it from the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.schedules import Scheduled, as_schedule
from toolkit.adversarial.terms import Offer
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Item, Transform
from toolkit.data.source import Source, Subset
from toolkit.errors import ConfigError, DataError, Problem, ToolkitError
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor
from toolkit.translation.words.data import BilingualWords
from toolkit.translation.words.mapping import mean_cosine, precision, refine
from toolkit.translation.words.pipeline import VECTORS, WORDS, WordTranslator
from toolkit.translation.words.rotation import Rotation

_SHOWN = ("dog", "man", "water", "red", "two")


class WordAlignmentTask:
    """The words of one language, turned so that a discriminator takes them for words of another (Conneau et al. 2018).

    Generated data are turned vectors of the source language, `[B, 1, E]`, real data vectors of the target language;
    both drawn evenly from the most frequent words. The data is `bilingual_words`.

    Args:
        frequent: so many of the most frequent words of either language are played with: those of rare words are poor.
        refinements: rounds of Procrustes after the game, which the measures and the model have.
    """

    provides = ("dimension", "states")
    pipeline = "word_translation"
    default_metrics = ()

    def __init__(self, frequent: int = 75_000, refinements: int = 5) -> None:
        if frequent < 2 or refinements < 0:
            raise ConfigError(
                [Problem("task", f"frequent={frequent} must be at least 2, refinements={refinements} at least 0")]
            )
        self.frequent = frequent
        self.refinements = refinements
        self._data: BilingualWords | None = None
        self._dtype = torch.float32

    @property
    def data(self) -> BilingualWords:
        """The words; they must have been opened."""
        if self._data is None:
            raise RuntimeError("open() gives the task its data, and has not been called")
        return self._data

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data: how long its vectors are, which the discriminator `state_mlp` calls `states`.

        Raises:
            DataError: these are no words of two languages.
        """
        while isinstance(source, Subset):
            source = source.source
        if not isinstance(source, BilingualWords):
            raise DataError(
                "this task maps words of two languages, and the data has none", "use data.name=bilingual_words"
            )
        self._data, self._dtype = source, dtype
        dimension = source.ours.vectors.shape[1]
        return {"dimension": dimension, "states": dimension}

    def transform(self) -> Transform:
        """Which words a sample is about: chance decides, for frequent ones shall be met as often as there are."""
        return _Drawn(self.data, self.frequent)

    # -- the game -------------------------------------------------------------------------------------------------

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """Turned vectors, `[B, 1, E]`: a text of one word, for discriminators of sequences."""
        return GeneratorOutput(generator(batch["source"].to(self._dtype) * self._scale()).unsqueeze(1))

    def real(self, batch: Batch) -> Tensor | None:
        """Vectors of the other language."""
        target: Tensor = batch["target"].to(self._dtype)
        return (target * self._scale()).unsqueeze(1)

    def condition(self, batch: Batch) -> Tensor | None:
        """Nothing."""
        return None

    def _scale(self) -> float:
        """Numbers of size 1 for the discriminator: vectors have the length 1."""
        return float(self.data.ours.vectors.shape[1] ** 0.5)

    # -- looking at it --------------------------------------------------------------------------------------------

    @torch.no_grad()
    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """A text file with a few words and what is nearest to them."""
        translator = WordTranslator(generator, self.data.ours, self.data.theirs, self.data.languages, self.refinements)
        known = [word for word in _SHOWN if word in self.data.ours.words] + list(self.data.ours.words[:count])
        rows = [
            f"{word}\t{', '.join(one.word for one in found)}"
            for word, found in zip(known[:count], translator.translate(known[:count], n_best=3), strict=True)
        ]
        file.with_suffix(".txt").write_text("\n".join(rows) + "\n", encoding="utf-8")

    @torch.no_grad()
    def measure(
        self,
        generator: nn.Module,
        held_out: Source,
        train: Source | None,
        *,
        extractor: Extractor,
        metrics: Sequence[Metric],
        samples: int,
        seed: int,
        device: torch.device,
    ) -> dict[str, float]:
        """`mean_cosine` with the translations (no dictionary needed), and with a dictionary `precision_1` and `_5`.

        `mapped_` before names are those of the mapping before its refinement. All words count, whatever split.
        """
        weight = _weight(generator)
        ours, theirs = (torch.from_numpy(side.vectors) for side in (self.data.ours, self.data.theirs))
        found = {}
        for label, matrix in (("mapped_", weight), ("", refine(weight, ours, theirs, self.refinements))):
            mapped = ours @ matrix.T
            found[f"{label}mean_cosine"] = mean_cosine(mapped, theirs)
            for rank, value in precision(mapped, theirs, self.data.answers).items():
                found[f"{label}precision_{rank}"] = value
        return found

    # -- what a model keeps ---------------------------------------------------------------------------------------

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """Languages, and how the mapping is refined."""
        return {"languages": list(self.data.languages), "refinements": self.refinements}

    def files(self) -> dict[str, bytes]:
        """The words and their vectors."""
        sides = {"source": self.data.ours, "target": self.data.theirs}
        vectors = save(
            {
                name: torch.from_numpy(np.ascontiguousarray(side.vectors, dtype=np.float16))
                for name, side in sides.items()
            }
        )
        return {
            VECTORS: vectors,
            **{WORDS[name]: ("\n".join(side.words) + "\n").encode() for name, side in sides.items()},
        }


class SeedPairs:
    """Words whose translation is known must be turned onto it: 1 - cosine.

    For a game with few pairs; the data's `seeds` says which.

    Args:
        weight: a number or a schedule.
    """

    needs_real_outputs = False

    def __init__(self, weight: Scheduled = 1.0) -> None:
        self.weight = as_schedule(weight)

    def __call__(self, offer: Offer) -> Tensor:
        """`B`: of one seed pair for each sample, drawn at random."""
        if "known_source" not in offer.batch or offer.generator is None:
            raise ToolkitError(
                "the term 'seed_pairs' needs words whose translation is known",
                "set data.seeds=identical or data.seeds=FILE, with data.name=bilingual_words and task=word_alignment",
            )
        turned = offer.generator(offer.batch["known_source"])
        return 1 - nn.functional.cosine_similarity(turned, offer.batch["known_target"], dim=-1)


class _Drawn:
    """Vectors of a word of either language, and of a seed pair, at random."""

    def __init__(self, data: BilingualWords, frequent: int) -> None:
        self.data = data
        self.frequent = frequent

    def __call__(self, item: Item, generator: np.random.Generator) -> Item:
        ours, theirs = (
            side.vectors[generator.integers(min(self.frequent, len(side.words)))]
            for side in (self.data.ours, self.data.theirs)
        )
        made = {**item, "source": ours, "target": theirs}
        if len(self.data.known):
            one, other = self.data.known[generator.integers(len(self.data.known))]
            made["known_source"], made["known_target"] = self.data.ours.vectors[one], self.data.theirs.vectors[other]
        return made


def _weight(generator: nn.Module) -> Tensor:
    if not isinstance(generator, Rotation):
        raise ToolkitError("the task 'word_alignment' measures rotations", "set generator.name=rotation")
    return generator.weight().float().cpu()
