"""Games small enough to know the answer: vectors instead of pictures, linear or one-layer networks, float64."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.adversarial.ema import Ema
from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.game import Game
from toolkit.adversarial.losses import NonSaturating
from toolkit.adversarial.optimizers import Sgd
from toolkit.adversarial.trainer import Trainer
from toolkit.adversarial.types import Batch, DiscriminatorOutput, GeneratorOutput
from toolkit.config.options import TrainerOptions
from toolkit.engine.device import Precision
from toolkit.engine.processes import Processes

CPU = torch.device("cpu")
SIZE = 3


class VectorTask:
    """Vectors of `SIZE` numbers, from as many noise numbers."""

    def generate(self, generator: nn.Module, batch: Batch, noise: Draw) -> GeneratorOutput:
        return GeneratorOutput(generator(noise.normal("z", SIZE, dtype=torch.float64)))

    def real(self, batch: Batch) -> Tensor:
        return batch["vector"]

    def condition(self, batch: Batch) -> Tensor | None:
        return None


class LinearDiscriminator(nn.Module):
    """D(x) = w . x: its gradient is w everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        return DiscriminatorOutput((data @ self.weight,), (data * self.weight,))


class CurvedDiscriminator(nn.Module):
    """One smooth hidden layer, so that second derivatives exist and are not zero."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(SIZE, 8).double()
        self.out = nn.Linear(8, 1).double()

    def forward(self, data: Tensor, condition: Tensor | None = None) -> DiscriminatorOutput:
        hidden = torch.tanh(self.hidden(data))
        return DiscriminatorOutput((self.out(hidden).squeeze(1),), (hidden,))


def generator() -> nn.Module:
    return nn.Sequential(nn.Linear(SIZE, 8), nn.Tanh(), nn.Linear(8, SIZE)).double()


def batches(size: int = 8, count: int = 64) -> Iterator[dict[str, Tensor]]:
    source = torch.Generator().manual_seed(5)
    rows = [torch.randn(size, SIZE, generator=source, dtype=torch.float64) * 0.5 + 1.0 for _ in range(count)]
    return itertools.cycle([{"vector": row} for row in rows])


class Stream:
    """Batches that can start anywhere, as a loader gives them."""

    def __init__(self, size: int = 8) -> None:
        self.size = size

    def iterate(self, start: int) -> Iterator[dict[str, Tensor]]:
        return itertools.islice(batches(self.size), start, None)


def game(discriminators: dict[str, nn.Module] | None = None, loss: Any = None, seed: int = 0, **settings: Any) -> Game:
    torch.manual_seed(seed)
    made = generator()
    judges = {"main": CurvedDiscriminator()} if discriminators is None else discriminators
    return Game(VectorTask(), made, judges, loss or NonSaturating(), **settings)


def trainer(played: Game, *, batch_size: int = 8, lr: float = 0.05, ema: bool = True, **options: Any) -> Trainer:
    defaults: dict[str, Any] = {"micro_batch": None, "steps": 1000}
    return Trainer(
        played,
        {player: Sgd(lr=lr) for player in played.players()},
        TrainerOptions(batch_size=batch_size, **{**defaults, **options}),
        seed=3,
        ema=Ema(played.generator, 100.0) if ema else None,
        precision=Precision("float64"),
        device=CPU,
        processes=Processes(),
    )


def weights(played: Game) -> list[Tensor]:
    networks = played.players().values()
    return [parameter.detach().clone() for network in networks for parameter in network.parameters()]
