"""One run in several processes, as torchrun starts them: each computes a part of the batch, gradients are averaged.

Convention: every process has the same number of samples and its loss is the mean over its own. The loss of the run is
the mean of these, so its gradient is the mean of the processes' gradients, which `average_gradients` computes. A value
that needs the whole batch inside the loss comes from `global_mean`, whose backward pass keeps to the same convention.

Alone (no torchrun, or one process) nothing is initialised and every function here is its plain counterpart.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
import torch.distributed as dist
from torch import Tensor, nn

from toolkit.errors import ToolkitError, TrainingError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Processes:
    """This process among the others.

    Attributes:
        rank: 0 <= rank < world_size; 0 writes the files.
        world_size: number of processes of the run.
        local_rank: place among the processes of this machine.
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """This process's own device: one GPU each when there are several processes, else `device` itself."""
        return torch.device("cuda", self.local_rank) if device.type == "cuda" and self.world_size > 1 else device


@contextmanager
def start_processes(device: torch.device) -> Iterator[Processes]:
    """Join the other processes of the run, and leave them at the end.

    Reads torchrun's environment (RANK, WORLD_SIZE, LOCAL_RANK, MASTER_ADDR, MASTER_PORT). A process group that the
    caller has initialised already is used and left alone.

    Args:
        device: what kind of device the run computes on; CUDA tensors travel by NCCL, CPU tensors by gloo.

    Raises:
        ToolkitError: the environment is incomplete, or there are more processes than GPUs.
        TrainingError: the other processes cannot be reached.
    """
    processes = _from_environment()
    if dist.is_initialized():  # by the caller, who may not have set torchrun's variables
        local = int(os.environ.get("LOCAL_RANK", dist.get_rank()))
        processes = Processes(dist.get_rank(), dist.get_world_size(), local)
    if processes.world_size == 1:
        yield processes
        return
    if device.type == "cuda":
        if processes.local_rank >= torch.cuda.device_count():
            raise ToolkitError(
                f"process {processes.local_rank} of this machine has no GPU: there are {torch.cuda.device_count()}",
                "start torchrun with --nproc-per-node of at most that number",
            )
        torch.cuda.set_device(processes.local_rank)
    if dist.is_initialized():
        yield processes
        return
    try:
        dist.init_process_group("cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo")
    except (ValueError, RuntimeError) as error:  # torch's DistError is a RuntimeError
        raise TrainingError(
            f"process {processes.rank} of {processes.world_size} cannot join the others: {error}",
            "start the run with torchrun, which sets MASTER_ADDR and MASTER_PORT, and check that the port is open",
        ) from error
    try:
        yield processes
    finally:
        dist.destroy_process_group()


def average_gradients(parameters: Sequence[nn.Parameter], extra: Tensor) -> Tensor:
    """Average all gradients over the processes, in place, in one message per dtype.

    A gradient that is missing here but not everywhere counts as zeros and is made; one that is missing everywhere stays
    missing, so that optimisers skip that parameter as they do in a single process.

    Args:
        parameters: the same ones in the same order on every process, all on one device.
        extra: 1-D floating-point values to average with them, such as the losses, on the device of the parameters. NaN
            or infinity on any process makes the average non-finite on all, so all take the same decision.

    Returns:
        The averaged `extra`.
    """
    size = _world_size()
    if size == 1:
        return extra
    present = torch.tensor([parameter.grad is not None for parameter in parameters], dtype=extra.dtype)
    header = torch.cat([extra.detach(), present.to(extra.device)])
    by_dtype: dict[torch.dtype, list[nn.Parameter]] = {extra.dtype: []}  # the header travels with its dtype
    for parameter in parameters:
        by_dtype.setdefault(parameter.dtype, []).append(parameter)
    averages: list[tuple[nn.Parameter, Tensor]] = []
    for dtype, group in by_dtype.items():
        # reshape reads values in logical order, so processes may differ in memory layout (channels-last)
        pieces = [_gradient(parameter).reshape(-1) for parameter in group]
        if dtype == extra.dtype:
            pieces.insert(0, header)
        message = torch.cat(pieces)
        dist.all_reduce(message)
        split = list(torch.split(message.div_(size), [piece.numel() for piece in pieces]))
        if dtype == extra.dtype:
            header = split.pop(0)
        averages.extend(zip(group, split, strict=True))
    anywhere = {
        parameter for parameter, share in zip(parameters, header[len(extra) :].tolist(), strict=True) if share > 0
    }
    for parameter, average in averages:
        if parameter.grad is not None:
            parameter.grad.copy_(average.view_as(parameter))
        elif parameter in anywhere:
            parameter.grad = average.view_as(parameter).clone()
    return header[: len(extra)].clone()


def global_mean(x: Tensor, dim: int = 0) -> Tensor:
    """Differentiable mean over `dim` and over all processes; the plain mean when alone.

    The backward pass adds the processes' gradients up. With the convention at the top of this module that is exact: the
    gradient of the run's loss comes out of `average_gradients`, for losses that every process computes alike (functions
    of global means) and for losses over its own samples. It can be differentiated twice.

    Args:
        x: of the same shape on every process.
        dim: the dimension the batch is in.
    """
    mean = x.mean(dim)
    size = _world_size()
    return mean if size == 1 else _sum_over_processes(mean) / size


def gather_objects(item: T) -> list[T]:
    """One object of every process, by rank, on all of them. Objects are pickled: for numbers and text, not tensors."""
    if _world_size() == 1:
        return [item]
    found: list[Any] = [None] * _world_size()
    dist.all_gather_object(found, item)
    return found


@torch.no_grad()
def broadcast_module(module: nn.Module) -> None:
    """Give every process the parameters and buffers that rank 0 has."""
    if _world_size() == 1:
        return
    for tensor in (*module.parameters(), *module.buffers()):
        message = tensor.contiguous()
        dist.broadcast(message, src=0)
        tensor.copy_(message)


def barrier() -> None:
    """Wait until every process has come here."""
    agree(False)


def agree(flag: bool) -> bool:
    """Whether any process says so; the same answer on all (used for requests to stop)."""
    if _world_size() == 1:
        return flag
    votes = torch.tensor(int(flag))
    dist.all_reduce(votes, op=dist.ReduceOp.MAX)
    return bool(votes.item())


def _sum_over_processes(x: Tensor) -> Tensor:
    return cast(Tensor, cast(Any, _SumOverProcesses).apply(x))


class _SumOverProcesses(torch.autograd.Function):
    """Sum over processes whose backward pass is itself, hence differentiable any number of times."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Any:
        total = x.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return _sum_over_processes(gradients[0])


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _world_size() -> int:
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def _from_environment() -> Processes:
    if "WORLD_SIZE" not in os.environ or _number("WORLD_SIZE") == 1:
        return Processes()
    processes = Processes(_number("RANK"), _number("WORLD_SIZE"), _number("LOCAL_RANK"))
    if not 0 <= processes.rank < processes.world_size:
        raise ToolkitError(f"RANK is {processes.rank}, but WORLD_SIZE is {processes.world_size}", "use torchrun")
    return processes


def _number(name: str) -> int:
    value = os.environ.get(name)
    if value is None or not value.strip().isdigit():
        found = "missing" if value is None else repr(value)
        raise ToolkitError(
            f"WORLD_SIZE is {os.environ.get('WORLD_SIZE')}, but {name} is {found}",
            "start several processes with torchrun, which sets all of these, or unset WORLD_SIZE for a single one",
        )
    return int(value)
