"""The networks and steps that the benchmarks compare: the toolkit's trainer, and plain PyTorch written by hand.

A "plain" step is what the published training scripts do: the same networks and the same maths, float32, default memory
layout, Adam as it comes, gradients for everything. DCGAN: pytorch/examples (binary cross entropy, beta1 0.5). Residual:
relativistic pairing with R1 + R2, a fresh batch and fresh noise per turn, as in Huang et al. 2024.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from toolkit.config import validate
from toolkit.data.memory import ArraySource
from toolkit.engine.device import choose_device, choose_precision
from toolkit.engine.processes import Processes
from toolkit.image.task import ImageTask
from toolkit.runs.assemble import Opened, build_game, build_trainer

ADAM = {"name": "adam", "lr": 2e-4, "beta1": 0.0, "beta2": 0.99}

CASES: dict[str, dict[str, Any]] = {
    "dcgan-32": {
        "picture": (32, 3),
        "generator": {"name": "dcgan", "resolution": 32, "channels": 3, "width": 64},
        "discriminator": {"name": "dcgan", "resolution": 32, "channels": 3, "width": 64},
        "loss": "non_saturating",
        "penalties": [],
    },
    "dcgan-64": {
        "picture": (64, 3),
        "generator": {"name": "dcgan", "resolution": 64, "channels": 3, "width": 64},
        "discriminator": {"name": "dcgan", "resolution": 64, "channels": 3, "width": 64},
        "loss": "non_saturating",
        "penalties": [],
    },
    "residual-32": {
        "picture": (32, 3),
        "generator": {"name": "residual", "resolution": 32, "channels": 3, "width": 96},
        "discriminator": {"name": "residual", "resolution": 32, "channels": 3, "width": 96},
        "loss": "relativistic",
        "penalties": [{"name": "r1", "weight": 1.0}, {"name": "r2", "weight": 1.0}],
    },
    "digits-16": {
        "picture": (16, 1),
        "generator": {"name": "dcgan", "resolution": 16, "channels": 1, "width": 32, "latent": 64, "norm": "none"},
        "discriminator": {"name": "dcgan", "resolution": 16, "channels": 1, "width": 32, "norm": "none"},
        "loss": "relativistic",
        "penalties": [{"name": "r1", "weight": 1.0}, {"name": "r2", "weight": 1.0}],
    },
}


def pictures(case: str, count: int = 256) -> Tensor:
    """`[B, H, W, C]` random bytes; what is in the pictures does not change the time."""
    resolution, channels = CASES[case]["picture"]
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, resolution, resolution, channels), generator=generator, dtype=torch.uint8)


def toolkit_step(case: str, batch: int, **changes: Any) -> Callable[[], None]:
    """One step of the toolkit's trainer, with `section__option` changes of the recipe."""
    spec = CASES[case]
    document: dict[str, Any] = {
        "task": "image",
        "data": "digits",  # replaced below: the benchmark holds its own pictures
        "generator": spec["generator"],
        "discriminator": spec["discriminator"],
        "loss": spec["loss"],
        "penalties": spec["penalties"],
        "optimizer": {"generator": ADAM, "discriminator": ADAM},
        "ema": {"half_life": 10_000},
        "trainer": {"batch_size": batch},
        "engine": {},
    }
    for key, value in changes.items():
        section, _, option = key.partition("__")
        if option:
            document[section] = {**document.get(section, {}), option: value}
        else:
            document[section] = value
    recipe = validate(document)
    held = pictures(case)
    source = ArraySource({"image": held.numpy()}, [str(place) for place in range(len(held))], (), [])
    task = ImageTask()
    device = choose_device(recipe.engine.device)
    precision = choose_precision(recipe.engine.precision, device)
    task.open(source, precision.parameter_dtype)
    opened = Opened(recipe, task, source, {"train": source})
    trainer = build_trainer(opened, build_game(opened, device, precision), device, precision, Processes())
    stream: Iterator[dict[str, Tensor]] = itertools.cycle([{"image": part} for part in held.split(batch)])
    return lambda: trainer.step(stream) and None


def plain_step(case: str, batch: int, lean: bool = False) -> Callable[[], None]:
    """One step of a straightforward loop over the same networks.

    Args:
        case: which networks.
        batch: pictures per turn.
        lean: with the two savings that the toolkit always makes (no gradients for the discriminator in the generator's
            turn, fused Adam), so that what is left between the two is the core's own cost.
    """
    from toolkit.runs.assemble import build_network

    spec = CASES[case]
    generator = build_network("generators", spec["generator"], "generator", 0)
    discriminator = build_network("discriminators", spec["discriminator"], "discriminator", 0)
    device = choose_device("auto")
    generator.to(device)
    discriminator.to(device)
    average = copy.deepcopy(generator)
    optimizers = [
        torch.optim.Adam(network.parameters(), lr=2e-4, betas=(0.0, 0.99), fused=lean or None)
        for network in (generator, discriminator)
    ]
    stream = itertools.cycle(pictures(case).permute(0, 3, 1, 2).contiguous().split(batch))
    relativistic = spec["loss"] == "relativistic"

    def real() -> Tensor:
        return next(stream).to(device).float().div_(127.5).sub_(1.0)

    def noise() -> Tensor:
        latent = generator.latent
        assert isinstance(latent, int)
        return torch.randn(batch, latent, device=device)

    def judge(x: Tensor) -> Tensor:
        return discriminator(x).logits[0]

    def step() -> None:
        shown = real()
        discriminator.zero_grad()
        if relativistic:
            with torch.no_grad():
                fake = generator(noise())
            loss = _relativistic(judge, shown, fake)
        else:
            fake = generator(noise())
            loss = softplus(-judge(shown)).mean() + softplus(judge(fake.detach())).mean()
        loss.backward()
        optimizers[1].step()
        generator.zero_grad()
        if lean:
            discriminator.requires_grad_(False)
        if relativistic:
            fake, shown = generator(noise()), real()
            loss = softplus(judge(shown) - judge(fake)).mean()
        else:  # the published script shows the same fakes to the generator's turn
            loss = softplus(-judge(fake)).mean()
        loss.backward()
        optimizers[0].step()
        discriminator.requires_grad_(True)
        _average(average, generator)

    return step


def _relativistic(judge: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor) -> Tensor:
    real, fake = real.requires_grad_(True), fake.detach().requires_grad_(True)
    d_real, d_fake = judge(real), judge(fake)
    (g_real,) = torch.autograd.grad(d_real.sum(), real, create_graph=True)
    (g_fake,) = torch.autograd.grad(d_fake.sum(), fake, create_graph=True)
    penalty = g_real.square().sum((1, 2, 3)) + g_fake.square().sum((1, 2, 3))
    return softplus(d_fake - d_real).mean() + 0.5 * penalty.mean()


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, decay: float = 0.995) -> None:
    for mine, theirs in zip(average.parameters(), network.parameters(), strict=True):
        mine.lerp_(theirs, 1 - decay)
    for mine, theirs in zip(average.buffers(), network.buffers(), strict=True):
        mine.copy_(theirs)
