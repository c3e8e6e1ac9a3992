"""Telling people apart as a game with one player."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.data.loader import Transform, evaluation_batches
from toolkit.data.source import Source
from toolkit.engine.randomness import Noise
from toolkit.errors import DataError
from toolkit.face.photographic import photographic
from toolkit.face.resampling import Squares
from toolkit.image.grid import from_pixels

PAGE = 128


class EmbeddingTask:
    """Vectors of faces: aligned crops that are moved, turned and mirrored a little, under slightly other light.

    Args:
        moved: crops are moved by up to this share of their side, in each direction: landmarks that are found are not
            exact.
        scaled: and scaled by up to this factor, both ways.
        turned: and turned by up to so many degrees, both ways.
        photographic: strength of the changes of light, colour, sharpness and cover. Colours of skin and hair say who
            somebody is, so it stays far below 1.
    """

    provides = ("classes",)
    pipeline = "face_embedder"
    default_metrics = ()

    def __init__(
        self, moved: float = 0.03, scaled: float = 1.08, turned: float = 6.0, photographic: float = 0.3
    ) -> None:
        self.moved, self.scaled, self.turned, self.photographic = moved, scaled, turned, photographic
        self.dtype = torch.float32

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """Look at the data: what the network must know of it.

        Raises:
            DataError: its faces have no names.
        """
        if len(source.classes) < 2 or "label" not in source[0]:
            raise DataError("an embedder needs faces of people who are told apart", "set data.labels=identity")
        self.dtype = dtype
        return {"classes": len(source.classes)}

    def transform(self) -> Transform | None:
        """Nothing: crops are changed on the device, in `generate`."""
        return None

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """Cosines of changed crops with the people's vectors."""
        crops = from_pixels(batch["image"], self.dtype)
        crops = photographic(self._jittered(crops, noise), noise, self.photographic)
        return GeneratorOutput(generator(crops))

    def _jittered(self, x: Tensor, noise: Noise) -> Tensor:
        side = x.shape[-1]

        def signed(role: str, *shape: int) -> Tensor:
            return (2 * noise.uniform(role, *shape) - 1).to(self.dtype)

        centre = side * (0.5 + signed("move", 2) * self.moved)
        zoom = side * torch.exp(signed("zoom") * math.log(self.scaled))
        turn = signed("turn") * math.radians(self.turned)
        return Squares(centre, zoom, turn, noise.uniform("mirror") < 0.5).cut(x, side)

    def real(self, batch: Batch) -> Tensor | None:
        """Nothing: there is no discriminator."""
        return None

    def condition(self, batch: Batch) -> Tensor | None:
        """Nothing: there is no discriminator."""
        return None

    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """Nothing to look at."""

    @torch.no_grad()
    def measure(
        self,
        generator: nn.Module,
        held_out: Source,
        train: Source | None,
        *,
        device: torch.device,
        **settings: Any,
    ) -> dict[str, float]:
        """How well people who were not trained on are found again.

        `rank1`: share of crops whose nearest one, among the first views of all people, shows the same person; `rank5`:
        among the five nearest; `same` and `other`: mean cosines with the own first view and with those of others.

        Raises:
            DataError: the data has no views.
        """
        vectors, people, views = [], [], []
        for batch in evaluation_batches(held_out, PAGE):
            if not {"identity", "view"} <= set(batch):
                raise DataError("an embedder is measured on several views of people, and this data has none")
            crops = from_pixels(batch["image"].to(device), self.dtype)
            vectors.append(embed_both_ways(generator, crops).cpu())
            people.append(batch["identity"])
            views.append(batch["view"])
        return rank(torch.cat(vectors), torch.cat(people), torch.cat(views))

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """What a model of this task must remember beside its network's spec: nothing."""
        return {}


def embed_both_ways(network: nn.Module, x_BCHW: Tensor) -> Tensor:
    """`[B, N]` of unit length: the sum of the vectors of crops and of their mirror images."""
    embed: Any = network.embed
    both: Tensor = embed(x_BCHW) + embed(x_BCHW.flip(-1))
    return torch.nn.functional.normalize(both)


def rank(vectors_BN: Tensor, people_B: Tensor, views_B: Tensor) -> dict[str, float]:
    """Every further view against everybody's first one; see `EmbeddingTask.measure`.

    Raises:
        DataError: nobody has two views.
    """
    first = views_B == views_B.min()
    if bool(first.all()):
        raise DataError("an embedder is measured on several views of people, and here is one of each")
    cosines = vectors_BN[~first] @ vectors_BN[first].T
    own = people_B[~first, None] == people_B[first]
    order = cosines.argsort(1, descending=True)
    hits = own.gather(1, order)
    values = {"rank1": hits[:, 0], "rank5": hits[:, :5].any(1), "same": cosines[own], "other": cosines[~own]}
    return {name: float(value.float().mean()) for name, value in values.items()}
