"""A modality of one's own: clouds of points in the plane, learned by the toolkit's own trainer.

    toolkit --import examples/point_clouds/point_clouds.py train examples/point_clouds/recipe.yaml --out runs/clouds
    toolkit --import examples/point_clouds/point_clouds.py evaluate runs/clouds

A sample is a set of N points on a ring with gaps. The generator makes a set at once, the discriminator does not see the
order of the points (Zaheer et al., "Deep Sets", NeurIPS 2017, equation 2). Losses, penalties, the moving average,
checkpoints, several processes and the command line are those of every other modality.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from toolkit import register
from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.types import Batch, DiscriminatorOutput, GeneratorOutput
from toolkit.config import build
from toolkit.data.memory import ArraySource
from toolkit.data.source import Source
from toolkit.engine.models import ModelFolder, load_weights
from toolkit.engine.randomness import Noise
from toolkit.metrics.base import Metric
from toolkit.metrics.extractor import Extractor

TILE = 96  # pixels of a cloud in a preview


@register("datasets", "rings")
class Rings(ArraySource):
    """Rings of points with two gaps; radius, place and angle of the gaps are random.

    Args:
        count: clouds.
        points: in each of them, N.
        seed: another one gives other clouds.
    """

    def __init__(self, count: int = 4000, points: int = 32, seed: int = 0) -> None:
        clouds = [ring(np.random.default_rng([seed, place]), points) for place in range(count)]
        super().__init__({"points": np.stack(clouds)}, [f"rings/{seed}/{place}" for place in range(count)], ())


def ring(random: np.random.Generator, points: int) -> np.ndarray:
    """One cloud, float32 `[points, 2]`, within about -1 to 1."""
    radius, turn = random.uniform(0.3, 0.7), random.uniform(0, 2 * np.pi)
    half = random.integers(0, 2, points) * np.pi  # two arcs of 120 degrees
    angle = turn + half + random.uniform(0, 2 * np.pi / 3, points)
    centre = random.uniform(-0.2, 0.2, 2)
    place = centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    return (place + random.normal(0, 0.01, place.shape)).astype(np.float32)


@register("generators", "cloud")
class CloudGenerator(nn.Module):
    """Turns each point's own noise into a place, as the cloud's common noise says.

    Args:
        points: in a cloud.
        latent: numbers that all points of a cloud share.
        width: of the hidden layers.
    """

    def __init__(self, points: int = 32, latent: int = 16, width: int = 64) -> None:
        super().__init__()
        self.points, self.latent = points, latent
        self.layers = _layers(latent + 2, width, 2)

    def forward(self, shared_BZ: Tensor, own_BNK: Tensor) -> Tensor:
        """`[B, N, 2]` from the noise of clouds, `[B, latent]`, and of points, `[B, N, 2]`."""
        shared = shared_BZ[:, None].expand(-1, own_BNK.shape[1], -1)
        clouds: Tensor = self.layers(torch.cat([shared, own_BNK], dim=-1))
        return clouds


@register("discriminators", "deep_set")
class DeepSet(nn.Module):
    """How real a cloud looks, whatever the order of its points: layers on each point, a mean, layers on that.

    Args:
        width: of the hidden layers.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.each = _layers(2, width, width)
        self.all = _layers(2 * width, width, 1)

    def forward(self, x_BNK: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        """`[B, 1]` logits of clouds `[B, N, 2]`; there is no condition here."""
        seen = self.each(x_BNK)
        logits: Tensor = self.all(torch.cat([seen.mean(dim=1), seen.amax(dim=1)], dim=-1))
        return DiscriminatorOutput((logits,))


def _layers(before: int, width: int, after: int) -> nn.Sequential:
    middle = [nn.Linear(before, width), nn.LeakyReLU(0.2), nn.Linear(width, width), nn.LeakyReLU(0.2)]
    return nn.Sequential(*middle, nn.Linear(width, after))


def sample(generator: nn.Module, noise: Draw) -> Tensor:
    """Clouds `[B, N, 2]` from keyed noise: a sample depends on its own key, not on its batch."""
    dtype = next(generator.parameters()).dtype
    shared = noise.normal("cloud", generator.latent, dtype=dtype)  # type: ignore[arg-type]
    own = noise.normal("points", generator.points, 2, dtype=dtype)  # type: ignore[arg-type]
    clouds: Tensor = generator(shared, own)
    return clouds


@register("tasks", "point_clouds")
class PointCloudTask:
    """What the game and a run have to know of clouds; a task has no parameters unless it wants some."""

    provides = ("points",)
    pipeline = "point_clouds"
    default_metrics = ()

    def __init__(self) -> None:
        self.dtype = torch.float32

    def open(self, source: Source, dtype: torch.dtype = torch.float32) -> dict[str, Any]:
        """How many points a cloud has: the generator's argument of that name."""
        self.dtype = dtype
        return {"points": int(source[0]["points"].shape[0])}

    def transform(self) -> None:
        """Nothing happens to a cloud when it is loaded."""

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        """As many clouds as the batch has."""
        return GeneratorOutput(sample(generator, noise))

    def real(self, batch: Batch) -> Tensor:
        """`[B, N, 2]`."""
        return batch["points"].to(self.dtype)

    def condition(self, batch: Batch) -> None:
        """The discriminator is told nothing else."""

    @torch.no_grad()
    def preview(
        self, generator: nn.Module, held_out: Source, file: Path, *, count: int, seed: int, device: torch.device
    ) -> None:
        """Clouds of the same noise every time, beside each other."""
        clouds = sample(generator, Noise(seed, 0, torch.arange(count, device=device), "preview"))
        picture(clouds.float().cpu().numpy()).save(file)

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
        """How far radii of generated clouds are from real ones, and points from their ring: both want to be small."""
        clouds = (
            sample(generator, Noise(seed, 0, torch.arange(samples, device=device), "measure")).float().cpu().numpy()
        )
        real = np.stack([held_out[place]["points"] for place in range(len(held_out))])
        (radii, scatter), (real_radii, real_scatter) = rings_of(clouds), rings_of(real)
        levels = np.linspace(0.05, 0.95, 19)
        return {
            "radius_difference": float(np.abs(np.quantile(radii, levels) - np.quantile(real_radii, levels)).mean()),
            "scatter": float(scatter.mean()),
            "real_scatter": float(real_scatter.mean()),
        }

    def model_config(self, network: nn.Module) -> dict[str, Any]:
        """Nothing beside the generator's own spec."""
        return {}


def rings_of(clouds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Radius of the circle that fits each cloud best (least squares), and the points' mean distance from it."""
    radii, scatter = [], []
    for cloud in clouds.astype(np.float64):
        system = np.column_stack([2 * cloud, np.ones(len(cloud))])
        (x, y, rest), *_ = np.linalg.lstsq(system, (cloud**2).sum(axis=1), rcond=None)
        radius = np.sqrt(max(rest + x**2 + y**2, 0))
        radii.append(radius)
        scatter.append(np.abs(np.hypot(*(cloud - (x, y)).T) - radius).mean())
    return np.array(radii), np.array(scatter)


def picture(clouds: np.ndarray) -> Image.Image:
    """Clouds as dots, beside each other."""
    page = Image.new("L", (TILE * len(clouds), TILE), 255)
    pen = ImageDraw.Draw(page)
    for place, cloud in enumerate(clouds):
        for x, y in (cloud + 1) / 2 * TILE:
            pen.ellipse((place * TILE + x - 1, y - 1, place * TILE + x + 1, y + 1), fill=0)
    return page


@register("pipelines", "point_clouds")
class PointCloudPipeline:
    """A trained model: `toolkit.load(FOLDER).generate(4)`. What models have in common: `config` and `module`."""

    modality = "point_clouds"

    def __init__(self, generator: nn.Module, config: dict[str, Any]) -> None:
        self.module = generator.eval().requires_grad_(False)
        self.config = config

    @classmethod
    def from_folder(cls, model: ModelFolder, device: torch.device) -> PointCloudPipeline:
        """Build the generator that `config.json` describes and give it the folder's weights."""
        generator = build("generators", model.config["generator"], f"{model.path}/config.json:generator")
        load_weights(generator, model.weights, model.path)
        return cls(generator.to(device), model.config)

    @torch.no_grad()
    def generate(self, count: int, seed: int = 0) -> Tensor:
        """`[count, N, 2]`; the same seed gives the same clouds."""
        device = next(self.module.parameters()).device
        return sample(self.module, Noise(seed, 0, torch.arange(count, device=device), "generate"))

    def example_inputs(self) -> dict[str, Tensor]:
        """What the network takes, for exports: the noise of one cloud and of its points."""
        return {"shared": torch.zeros(1, self.module.latent), "own": torch.zeros(1, self.module.points, 2)}  # type: ignore[call-overload, arg-type]
