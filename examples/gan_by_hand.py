"""The toolkit's training step in plain PyTorch, with nothing hidden: relativistic pairing, R1 + R2, Adam, EMA.

Run it to see that the trainer adds no magic: after 20 steps every weight of both players and of the average is equal,
bit for bit, to what the toolkit's trainer makes of the same recipe.

    python examples/gan_by_hand.py

From the toolkit it takes the networks, the loader (which picture is in which batch) and the keyed noise; the loop, the
loss, the penalties, the optimisers' use and the average are written out below.
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from toolkit.config import validate
from toolkit.engine.device import choose_precision
from toolkit.engine.processes import Processes
from toolkit.engine.randomness import Noise
from toolkit.runs.assemble import build_game, build_loader, build_network, build_trainer, open_recipe

STEPS, BATCH, SEED, GAMMA, LR, BETAS = 20, 16, 7, 0.5, 5e-4, (0.0, 0.99)

RECIPE: dict[str, Any] = {
    "task": "image",
    "seed": SEED,
    "data": {"name": "digits", "resolution": 8},
    "generator": {"name": "dcgan", "width": 8, "latent": 16, "norm": "none"},
    "discriminator": {"name": "dcgan", "width": 8, "norm": "none"},
    "loss": "relativistic",
    "penalties": [{"name": "r1", "weight": GAMMA}, {"name": "r2", "weight": GAMMA}],
    "optimizer": {player: {"name": "adam", "lr": LR, "beta2": BETAS[1]} for player in ("generator", "discriminator")},
    "ema": {"half_life": 500, "warm_up": 0.05},
    "trainer": {"steps": STEPS, "batch_size": BATCH, "micro_batch": None},
    "engine": {"precision": "float32", "channels_last": False, "device": "cpu"},
}


def by_hand() -> dict[str, nn.Module]:
    """Twenty steps, written out."""
    opened = open_recipe(validate(RECIPE))
    generator = build_network("generators", opened.recipe.generator, "generator", SEED)
    discriminator = build_network("discriminators", opened.recipe.discriminators["main"], "discriminators.main", SEED)
    average = copy.deepcopy(generator).eval()
    g_optimizer = torch.optim.Adam(generator.parameters(), lr=LR, betas=BETAS, fused=True)
    d_optimizer = torch.optim.Adam(discriminator.parameters(), lr=LR, betas=BETAS, fused=True)
    batches = build_loader(opened, Processes()).iterate(0)

    def next_pictures() -> Tensor:
        x_BHWC = next(batches)["image"]
        return x_BHWC.permute(0, 3, 1, 2).float() / 127.5 - 1.0

    def z(step: int, turn: int) -> Tensor:
        return Noise(SEED, step, torch.arange(BATCH), f"turn{turn}/generator").normal("z", 16)

    for step in range(STEPS):
        # The discriminator's turn: real sample i must look more real than fake sample i, and both gradients stay small.
        real = next_pictures().requires_grad_(True)
        with torch.no_grad():
            fake = generator(z(step, 0))
        fake.requires_grad_(True)
        judged = discriminator(torch.cat([real, fake])).logits[0]
        d_real, d_fake = judged[:BATCH], judged[BATCH:]
        loss = softplus(d_fake - d_real).mean()
        total = torch.cat([d_real, d_fake]).sum()
        gradient_real, gradient_fake = torch.autograd.grad(total, [real, fake], create_graph=True)
        r1 = 0.5 * gradient_real.flatten(1).square().sum(1)
        r2 = 0.5 * gradient_fake.flatten(1).square().sum(1)
        d_optimizer.zero_grad()
        (loss + GAMMA * r1.mean() + GAMMA * r2.mean()).backward()
        d_optimizer.step()

        # The generator's turn: fresh noise, fresh pictures, the same comparison the other way round.
        real = next_pictures()
        discriminator.requires_grad_(False)
        d_fake = discriminator(generator(z(step, 1))).logits[0]
        d_real = discriminator(real).logits[0]
        g_optimizer.zero_grad()
        softplus(d_real - d_fake).mean().backward()
        g_optimizer.step()
        discriminator.requires_grad_(True)

        # The average forgets half of its past in `half_life` samples, early on in 5 % of the samples seen.
        samples = (step + 1) * BATCH
        decay = 0.5 ** (BATCH / min(500, 0.05 * samples))
        with torch.no_grad():
            for mine, theirs in zip(average.parameters(), generator.parameters(), strict=True):
                mine.lerp_(theirs, 1.0 - decay)
    return {"generator": generator, "discriminator": discriminator, "average": average}


def by_trainer() -> dict[str, nn.Module]:
    """The same by the toolkit's trainer."""
    cpu = torch.device("cpu")
    opened = open_recipe(validate(RECIPE))
    precision = choose_precision("float32", cpu)
    game = build_game(opened, cpu, precision)
    trainer = build_trainer(opened, game, cpu, precision, Processes())
    trainer.fit(build_loader(opened, Processes()), until=STEPS)
    assert trainer.ema is not None
    return {"generator": game.generator, "discriminator": game.discriminators["main"], "average": trainer.ema.module}


def largest_differences() -> dict[str, float]:
    """Per network, the largest difference between the two ways; zero means equal bit for bit."""
    mine, theirs = by_hand(), by_trainer()
    return {
        name: max(
            float((a - b).detach().abs().max())
            for a, b in zip(mine[name].parameters(), theirs[name].parameters(), strict=True)
        )
        for name in mine
    }


if __name__ == "__main__":
    for network, difference in largest_differences().items():
        print(f"{network:14} largest difference {difference}")
