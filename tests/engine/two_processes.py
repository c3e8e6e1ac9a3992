"""What each of two processes computes for test_processes.py, and the same for one process with the whole batch.

Run as `python -m tests.engine.two_processes FOLDER` in torchrun's environment; leaves `FOLDER/rank<r>.pt`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from toolkit.engine.processes import (
    Processes,
    agree,
    average_gradients,
    barrier,
    broadcast_module,
    gather_objects,
    global_mean,
    start_processes,
)

BATCH = 6  # of one process
Result = dict[str, Any]


def samples(processes: Processes) -> Tensor:
    """This process's part of the whole batch of 2 * BATCH."""
    whole = torch.randn(2 * BATCH, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return whole[processes.rank * BATCH :][: BATCH if processes.world_size == 2 else 2 * BATCH]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)).double()


def own_samples(network: nn.Module, x: Tensor) -> Tensor:
    """Logistic loss and R1, a second-order penalty, over own samples."""
    x = x.clone().requires_grad_()
    logits = network(x)
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    return softplus(-logits).mean() + 5 * slope.square().sum(1).mean()


def whole_batch(network: nn.Module, x: Tensor) -> Tensor:
    """A loss that every process computes alike, from global means: the variance of the network's outputs."""
    logits = network(x)
    return (global_mean(logits.square()) - global_mean(logits).square()).sum()


def both(network: nn.Module, x: Tensor) -> Tensor:
    """Relativistic average: own samples against the mean of the whole batch."""
    logits = network(x)
    return softplus(global_mean(logits) - logits).mean()


LOSSES: dict[str, Callable[[nn.Module, Tensor], Tensor]] = {
    "own samples": own_samples,
    "whole batch": whole_batch,
    "both": both,
}


def gradients(processes: Processes, name: str) -> Result:
    model = network()
    loss = LOSSES[name](model, samples(processes))
    loss.backward()
    extra = average_gradients(list(model.parameters()), loss.detach().reshape(1))
    return {"loss": extra, "gradients": [parameter.grad for parameter in model.parameters()]}


def trained(processes: Processes) -> list[Tensor]:
    """Weights after some steps of Adam on the sum of all losses."""
    model = network()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(5):
        optimizer.zero_grad()
        loss = sum((loss(model, samples(processes)) for loss in LOSSES.values()), torch.zeros(()))
        loss.backward()
        average_gradients(list(model.parameters()), torch.zeros(1))
        optimizer.step()
    return [parameter.detach() for parameter in model.parameters()]


def differentiated_twice(processes: Processes) -> Tensor:
    """Gradient of a function of a gradient through the global mean; `2 / world_size` makes both runs the same sum."""
    x = samples(processes).requires_grad_()
    loss = global_mean(x.pow(3)).square().sum() * (2 / processes.world_size)
    (slope,) = torch.autograd.grad(loss, x, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.square().sum(), x)
    return curvature


def uneven(processes: Processes) -> list[Tensor | None]:
    """Gradients of several dtypes and layouts: everywhere, on one process only, nowhere."""
    parameters = [
        nn.Parameter(torch.zeros(2)),
        nn.Parameter(torch.zeros(3, dtype=torch.float64)),
        nn.Parameter(torch.zeros(2)),
        nn.Parameter(torch.zeros(2, 3, 2, 2).to(memory_format=torch.channels_last)),
    ]
    parameters[0].grad = torch.full((2,), processes.rank + 1.0)
    if processes.rank == 1:
        parameters[1].grad = torch.full((3,), 4.0, dtype=torch.float64)
    values = torch.arange(24.0).view(2, 3, 2, 2)
    layout = torch.channels_last if processes.rank == 0 else torch.contiguous_format
    parameters[3].grad = (values * (1 + processes.rank)).contiguous(memory_format=layout)
    average_gradients(parameters, torch.zeros(1))
    return [parameter.grad for parameter in parameters]


def broadcast(processes: Processes) -> dict[str, Tensor]:
    torch.manual_seed(processes.rank)
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).to(memory_format=torch.channels_last)
    module.register_buffer("mask", torch.tensor([processes.rank == 0, True]))
    module[1].num_batches_tracked.fill_(10 + processes.rank)
    broadcast_module(module)
    return {name: value.clone() for name, value in module.state_dict().items()}


def everything(processes: Processes) -> Result:
    bad = torch.tensor([1.0, float("nan") if processes.rank == 1 else 2.0, 3.0 + processes.rank])
    barrier()
    return {
        "processes": (processes.rank, processes.world_size, processes.local_rank, processes.is_main),
        "device": [str(processes.device(torch.device(name))) for name in ("cpu", "cuda")],
        "gradients": {name: gradients(processes, name) for name in LOSSES},
        "trained": trained(processes),
        "twice": differentiated_twice(processes),
        "uneven": uneven(processes),
        "extra": average_gradients([], bad),
        "broadcast": broadcast(processes),
        "gathered": gather_objects({"rank": processes.rank}),
        "agree": [agree(False), agree(processes.rank == 1), agree(True)],
    }


if __name__ == "__main__":
    with start_processes(torch.device("cpu")) as processes:
        torch.save(everything(processes), Path(sys.argv[1]) / f"rank{processes.rank}.pt")
    assert not torch.distributed.is_initialized()
