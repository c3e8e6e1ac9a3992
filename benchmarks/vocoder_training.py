"""A full training step of a vocoder against the published HiFi-GAN's own step, in the same run.

    python benchmarks/vocoder_training.py --out benchmarks/results/vocoder_training.json
    python benchmarks/vocoder_training.py v3-16 --rounds 5      # HiFi-GAN V3, batch 16
    python benchmarks/vocoder_training.py v3-1 --rounds 1       # a quick look
    python benchmarks/vocoder_training.py v1-16 --rounds 1 --apart     # 10 GB for each process, so one after the other

The published step is transcribed in `published_hifigan.py`. The toolkit's steps are those of its recipes: the same
networks and losses (`speech/hifigan_v1` to `v3`) in float32 and in the toolkit's own precision, and the recipe for a
laptop (`speech/vocoder_small`). Before it is timed, the float32 step is checked to be the same mathematics: at equal
weights, gradients of both turns agree with the published ones in float64.

Every variant runs in a process of its own, the published one as its users run it (the system's allocator, threads that
wait as they do by default), rounds are interleaved (but for `--apart`) and medians compared. Steps differ in size, so
what is compared is seconds of audio trained on per second. The share of the peak is the arithmetic of the published
step over the time, against a matrix product of the same run in the toolkit's own precision.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from published_hifigan import HOP, MELS, RATE, PublishedStep
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from workers import Worker, interleaved, matmul_peak, one_by_one, serve

from toolkit.adversarial.trainer import Trainer
from toolkit.config.recipe import load_recipe
from toolkit.data.memory import ArraySource
from toolkit.engine.device import choose_device, choose_precision, describe_machine, tune_allocator
from toolkit.engine.processes import Processes
from toolkit.runs.assemble import build_game, build_trainer, open_recipe
from toolkit.speech.segments import to_wave

CASES = ["v1-16", "v2-16", "v3-16", "v1-4", "v2-4", "v3-4"]
SEGMENT = 8192
PUBLISHED = "published"
HELD = 4
"""Minibatches that are met over and over; what is in them does not change the time."""


class Variant(NamedTuple):
    """A step of the toolkit.

    Attributes:
        recipe: by name.
        changes: overrides of the recipe.
        batch: stretches in a minibatch.
        segment: samples of a stretch.
        target: times the published audio per second.
        same: computes what the published step computes, so that its share of the peak means something.
    """

    recipe: str
    changes: tuple[str, ...]
    batch: int
    segment: int
    target: float
    same: bool = True


def variants(case: str) -> dict[str, Variant]:
    """The toolkit's steps that are measured beside a published one, by name."""
    shape, batch = _shape_and_batch(case)
    recipe = f"speech/hifigan_{shape}"
    found = {
        "toolkit, float32": Variant(recipe, ("engine.precision=float32",), batch, SEGMENT, 1.4),
        "toolkit": Variant(recipe, (), batch, SEGMENT, 1.4),
    }
    if shape == "v1":
        game = ("trainer.generator_warmup=0",)  # the dear part of the recipe: both players play
        for own in ((batch, SEGMENT), (4, 2 * SEGMENT)):
            found["vocoder_small, {} x {}".format(*own)] = Variant("speech/vocoder_small", game, *own, 5.0, same=False)
    return found


def _shape_and_batch(case: str) -> tuple[str, int]:
    shape, _, batch = case.partition("-")
    if shape not in ("v1", "v2", "v3") or not batch.isdigit():
        raise SystemExit(f"no such case: {case}; a case is v1, v2 or v3 and a batch size, such as v3-16")
    return shape, int(batch)


# -- the steps --------------------------------------------------------------------------------------------------------


def recordings(count: int, segment: int) -> Tensor:
    """`BT` of 16-bit noise."""
    noise = torch.randn(count, segment, generator=torch.Generator().manual_seed(0))
    return (noise * 3000).clamp(-32768, 32767).to(torch.int16)


def toolkit_trainer(recipe: str, changes: tuple[str, ...], batch: int, segment: int) -> Trainer:
    """The trainer of a recipe, on recordings that are held in memory."""
    sizes = (f"trainer.batch_size={batch}", f"task.segment={segment}", "trainer.evaluate_every=null")
    loaded = load_recipe(recipe, [*sizes, *changes])
    names = [str(place) for place in range(32)]  # the recipe's split must find something to split
    source = ArraySource({"audio": np.zeros((len(names), segment), dtype=np.int16)}, names)
    source.sample_rate = RATE  # type: ignore[attr-defined]
    device = choose_device(loaded.engine.device)
    precision = choose_precision(loaded.engine.precision, device)
    opened = open_recipe(loaded, precision.parameter_dtype, source)
    return build_trainer(opened, build_game(opened, device, precision), device, precision, Processes())


def batches(batch: int, segment: int) -> Iterator[dict[str, Tensor]]:
    """What the toolkit's loader would give, without end."""
    return itertools.cycle([{"audio": part} for part in recordings(HELD * batch, segment).split(batch)])


def step_of(case: str, name: str) -> Callable[[], Any]:
    shape, batch = _shape_and_batch(case)
    if name == PUBLISHED:
        return PublishedStep(shape, to_wave(recordings(HELD * batch, SEGMENT)).to(choose_device("auto")), batch)
    tune_allocator()
    chosen = variants(case)[name]
    trainer = toolkit_trainer(chosen.recipe, chosen.changes, chosen.batch, chosen.segment)
    stream = batches(chosen.batch, chosen.segment)
    return lambda: trainer.step(stream)


def work(shape: str, batch: int) -> float:
    """FLOP of one published step.

    Counted forward; a backward pass of a convolution is as much for its weights and as much again for its input. Both
    turns judge real and generated waves, and differentiate everything.
    """
    step = PublishedStep(shape, to_wave(recordings(1, SEGMENT)), 1)
    wave = torch.zeros(1, 1, SEGMENT)

    def forward(call: Callable[[], Any]) -> float:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            call()
        return float(counter.get_total_flops())

    made = forward(lambda: step.generator(torch.zeros(1, MELS, SEGMENT // HOP)))
    judged = forward(lambda: (step.periods(wave, wave), step.scales(wave, wave)))
    return batch * (3 * made + 2 * 3 * judged)


# -- the same mathematics ---------------------------------------------------------------------------------------------


def check(shape: str) -> dict[str, float]:
    """Largest relative difference of a layer's gradient from the published one, by player, in float64.

    Both start from the toolkit's weights and learn at a rate of 0, so that the generator's turn is comparable too.
    Spectral normalisation iterates once for each pass in the published step, and the toolkit joins passes: the check
    starts where iterating changes nothing, at the singular vectors.
    """
    batch, segment = 2, SEGMENT // 4
    still = ("optimizer.generator.lr=0.0", "optimizer.discriminator.lr=0.0", "engine.precision=float64")
    trainer = toolkit_trainer(f"speech/hifigan_{shape}", still, batch, segment)
    published = PublishedStep(shape, to_wave(recordings(batch, segment)), batch, torch.float64)
    for optimizer in published.optimizers:
        optimizer.param_groups[0]["lr"] = 0.0
    game = trainer.game
    twins = {
        "generator": _twins(game.generator, published.generator),
        "discriminator": _twins(game.discriminators["period"], published.periods)
        + _twins(game.discriminators["scale"], published.scales),
    }
    trainer.step(batches(batch, segment))
    turn = published.discriminator_turn()
    found = {"discriminator": _difference(twins["discriminator"])}
    published.generator_turn(*turn)
    found["generator"] = _difference(twins["generator"])
    return found


@torch.no_grad()
def _twins(ours: nn.Module, theirs: nn.Module) -> list[tuple[Tensor, Tensor]]:
    """Parameters of both by pairs, after giving theirs the values of ours."""
    kinds = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d)
    layers = [[layer for layer in network.modules() if isinstance(layer, kinds)] for network in (ours, theirs)]
    pairs: list[tuple[Tensor, Tensor]] = []
    for mine, other in zip(*layers, strict=True):
        held: Any = mine.parametrizations.weight
        if hasattr(other, "weight_orig"):
            left, _, right = torch.linalg.svd(held.original.flatten(1), full_matrices=False)
            for norm, names in ((held[0], ("_u", "_v")), (other, ("weight_u", "weight_v"))):
                getattr(norm, names[0]).copy_(left[:, 0])
                getattr(norm, names[1]).copy_(right[0])
            pairs.append((held.original, other.weight_orig))
        else:
            pairs += [(held.original0, other.weight_g), (held.original1, other.weight_v)]
        pairs.append((mine.bias, other.bias))
    for value, copy in pairs:
        copy.copy_(value.reshape(copy.shape))  # the toolkit lays time last: 1 x 5 for 5 x 1
    return pairs


def _difference(pairs: list[tuple[Tensor, Tensor]]) -> float:
    differences = [
        torch.linalg.vector_norm(mine.grad.reshape(other.shape) - other.grad) / torch.linalg.vector_norm(other.grad)
        for mine, other in pairs
        if mine.grad is not None and other.grad is not None
    ]
    assert len(differences) == len(pairs), "a layer has no gradient"
    return float(torch.stack(differences).max())


# -- the comparison ---------------------------------------------------------------------------------------------------


def compare(case: str, rounds: int, peak: float, apart: bool) -> dict[str, Any]:
    shape, batch = _shape_and_batch(case)
    flop = work(shape, batch)
    chosen = variants(case)
    waiting = dict.fromkeys(chosen, "passive")  # as the CLI does
    workers = {
        name: functools.partial(Worker, [case, name], {"OMP_WAIT_POLICY": waiting.get(name)})
        for name in (PUBLISHED, *chosen)
    }
    found = (
        one_by_one(workers, rounds)
        if apart
        else interleaved({name: start() for name, start in workers.items()}, rounds)
    )
    rows: list[dict[str, Any]] = []
    for name, (seconds, mebibytes) in found.items():
        variant = chosen.get(name)
        heard = batch * SEGMENT if variant is None else variant.batch * variant.segment
        speed = heard / RATE / seconds
        row = {
            "variant": name,
            "seconds": round(seconds, 3),
            "audio_per_second": round(speed, 3),
            "ratio": round(speed / rows[0]["audio_per_second"], 2) if rows else 1.0,
            "target": None if variant is None else variant.target,
            "share_of_peak": round(flop / seconds / peak, 3) if variant is None or variant.same else None,
            "peak_mib": round(mebibytes),
        }
        rows.append(row)
        share = "" if row["share_of_peak"] is None else f"{row['share_of_peak']:6.1%} of the peak"
        print(
            f"{case:6} {name:26} {seconds:8.3f} s a step {speed:7.3f} s of audio/s {row['ratio']:5.2f}x "
            f"(target {row['target']}) {row['peak_mib']:6} MiB {share}",
            flush=True,
        )
    return {"case": case, "gflop": round(flop / 1e9), "rounds": rounds, "interleaved": not apart, "steps": rows}


def checked(shape: str) -> dict[str, Any]:
    """`check` in a process of its own, whose memory is free again afterwards."""
    command = [sys.executable, __file__, "check", shape]
    found: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    words = ", ".join(f"{player} {value:.1e}" for player, value in found.items())
    print(f"{shape}     gradients differ from the published ones by at most (relative, float64): {words}", flush=True)
    if max(found.values()) > 1e-6:
        raise SystemExit("the toolkit's step is not the published mathematics: comparing times would mean nothing")
    return {"shape": shape, **found}


def main() -> None:
    if sys.argv[1:2] == ["worker"]:
        serve(step_of(*sys.argv[2:]))
        return
    if sys.argv[1:2] == ["check"]:
        print(json.dumps(check(sys.argv[2])))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", default=CASES, help="v1, v2 or v3 and a batch size, such as v3-16")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--apart", action="store_true", help="one process after the other: less memory")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    shapes = sorted({_shape_and_batch(case)[0] for case in arguments.cases})
    result: dict[str, Any] = {"machine": describe_machine(choose_device("auto"))}
    result["gradients"] = [checked(shape) for shape in shapes]
    peak = matmul_peak()
    print(f"peak {peak / 1e9:.0f} GFLOP/s")
    result["peak_gflops"] = round(peak / 1e9)
    result["cases"] = []
    for case in arguments.cases:
        result["cases"].append(compare(case, arguments.rounds, peak, arguments.apart))
        if arguments.out:  # after every case: a run takes long
            arguments.out.parent.mkdir(parents=True, exist_ok=True)
            arguments.out.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
