"""A mapping between two languages' words, ready to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load as read
from torch import nn

from toolkit.config import build
from toolkit.engine.models import ModelFolder
from toolkit.engine.weights import load_weights
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.errors import nearest as nearest_name
from toolkit.translation.words.mapping import mutual, nearest, refine
from toolkit.translation.words.rotation import Rotation
from toolkit.translation.words.vectors import WordVectors

VECTORS, WORDS = "words.safetensors", {"source": "source_words.txt", "target": "target_words.txt"}
"""Files of a model folder: float16 vectors of both languages, and the words, one a line."""


@dataclass(frozen=True, slots=True)
class WordTranslation:
    """A word of the other language.

    Attributes:
        word: it.
        likeness: cross-domain similarity (`toolkit.translation.words.mapping.nearest`), below 2.
    """

    word: str
    likeness: float


class WordTranslator:
    """Words of one language and those of another that mean the same, by their place in one space.

    Args:
        network: the rotation that the game found.
        ours: words with vectors of the source language.
        theirs: of the target language.
        languages: codes of both.
        refinements: rounds of Procrustes that follow on the game.
        config: the model's `config.json`.
    """

    modality = "words"

    def __init__(
        self,
        network: nn.Module,
        ours: WordVectors,
        theirs: WordVectors,
        languages: tuple[str, str],
        refinements: int = 5,
        config: dict[str, Any] | None = None,
    ) -> None:
        if not isinstance(network, Rotation):
            raise CheckpointError("a translator of words needs a rotation", "set generator.name=rotation")
        self.network = network
        self.config = config or {}
        self.languages = languages
        self.ours = ours
        self.theirs = theirs
        self._source, self._target = torch.from_numpy(ours.vectors), torch.from_numpy(theirs.vectors)
        with torch.no_grad():
            self.weight = refine(network.weight().float().cpu(), self._source, self._target, refinements)
        self._places = {word: place for place, word in enumerate(ours.words)}
        self._mapped = self._source @ self.weight.T

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> WordTranslator:
        """Build it from a model folder.

        Raises:
            CheckpointError: a file is missing or damaged.
        """
        network = build("generators", model.config["generator"], f"{model.path}/config.json:generator")
        load_weights(network.eval().requires_grad_(False), model.weights, model.path)
        file = model.file(VECTORS)
        try:
            vectors = read(file.read_bytes())
            sides = {
                name: WordVectors(
                    tuple(model.file(WORDS[name]).read_bytes().decode().removesuffix("\n").split("\n")),
                    vectors[name].numpy().astype(np.float32),
                )
                for name in WORDS
            }
            if any(len(side.words) != len(side.vectors) for side in sides.values()):
                raise KeyError("there are not as many words as vectors")
        except (SafetensorError, KeyError, UnicodeDecodeError) as error:
            raise CheckpointError(
                f"{file} or the words beside it are damaged: {error}", "copy the folder again"
            ) from error
        source, target = model.config["languages"]
        return cls(
            network, sides["source"], sides["target"], (source, target), int(model.config["refinements"]), model.config
        )

    @property
    def module(self) -> nn.Module:
        """The rotation as the game left it, before its refinement."""
        return self.network

    def example_inputs(self) -> dict[str, torch.Tensor]:
        """Vectors, for exports."""
        return {"vectors": self._source[:2]}

    def translate(self, words: Sequence[str], *, n_best: int = 1) -> list[list[WordTranslation]]:
        """The nearest words of the other language, the nearest first.

        Raises:
            ToolkitError: a word has no vector.
        """
        if isinstance(words, str):
            words = [words]
        unknown = [word for word in words if word.lower() not in self._places]
        if unknown:
            way_out = nearest_name(unknown[0], list(self._places))
            raise ToolkitError(f"'{unknown[0]}' has no vector: it was too rare in the text", way_out)
        rows = torch.tensor([self._places[word.lower()] for word in words], dtype=torch.int64)
        if not len(rows):
            return []
        values, places = nearest(self._mapped, self._target, n_best, rows)
        return [
            [WordTranslation(self.theirs.words[place], value) for value, place in zip(*row, strict=True)]
            for row in zip(values.tolist(), places.tolist(), strict=True)
        ]

    def dictionary(self) -> list[tuple[str, str]]:
        """The words that are each other's nearest, the most frequent first."""
        ours, theirs = mutual(self._mapped, self._target)
        return [
            (self.ours.words[one], self.theirs.words[other])
            for one, other in zip(ours.tolist(), theirs.tolist(), strict=True)
        ]

    def write_vectors(self, folder: Path) -> list[Path]:
        """Both languages' vectors in the one space, as `.vec` files that other programs read."""
        folder.mkdir(parents=True, exist_ok=True)
        sides = ((self.ours, self._mapped.numpy()), (self.theirs, self.theirs.vectors))
        files = []
        for language, (side, vectors) in zip(self.languages, sides, strict=True):
            file = folder / f"{language}.vec"
            with file.open("w", encoding="utf-8") as out:
                out.write(f"{len(side.words)} {vectors.shape[1]}\n")
                for word, vector in zip(side.words, vectors, strict=True):
                    out.write(f"{word} {' '.join(f'{value:.5f}' for value in vector)}\n")
            files.append(file)
        return files
