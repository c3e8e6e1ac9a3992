"""The rules by which a run on somebody's pictures is planned, one function each, with the numbers in tables above them.

Every rule returns its choice with the reason in a sentence, which is printed and kept with the run. The numbers are
rules of thumb from what was measured with this toolkit on a CPU and from published settings, named where they stand;
each can be changed from the command line, and then the other rules follow the change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolkit.image.looks import Looks

FEWEST = 20
"""Pictures below which nothing but copying can be learned, so no run is planned."""
SMALL, MANY = 1_000, 20_000
"""Pictures from which new ones can be expected, and from which no augmentation is needed."""

SIZES = (8, 16, 32, 64, 128, 256)
ENLARGED = 1.25
LARGEST = {"cpu": 64, "gpu": 256}
CLASS_MINIMUM, UNLABELLED_SHARE = 20, 0.05
TRANSPARENT_SHARE = 0.25
MIRROR_MINIMUM, MIRROR_FARTHER, MIRROR_DISTANCE = 50, 0.65, 1.1

WIDTHS = {8: 64, 16: 64, 32: 64, 64: 32, 128: 24, 256: 16}
"""Width of the DCGAN pair on a CPU, by resolution: about what two cores train in one to two hours."""
STAGES = (384, 384, 384, 384, 192, 96, 48)
"""Widths of the residual pair on a GPU from 4x4 upwards: half of those published for 256 pixels (Huang et al. 2024)."""
BATCHES = {"cpu": {8: 64}, "gpu": {8: 128, 128: 64, 256: 32}}
PENALTY = {8: 0.5, 32: 0.5, 64: 2.0, 128: 17.0, 256: 150.0}
"""R1 and R2 weight by resolution. Up to 32 pixels as measured here on grey pictures (0.05 to 5 train); 2 at 64 and 150
at 256 are those of Huang et al. 2024 for faces, 17 is the geometric mean between them."""
PENALTY_FEW, PENALTY_FACTOR, PENALTY_FALL = 5_000, 2.0, 5.0
SHOWN = {"cpu": (400, 320_000, 640_000), "gpu": (2_000, 1_000_000, 10_000_000)}
"""How often each picture is shown, and the least and most pictures shown in all."""
PROBE_STEPS = {"cpu": {8: 150, 64: 120, 128: 60}, "gpu": {8: 300}}
PROBE_FACTORS, PROBE_SHARE, PROBE_SHORTEST = (0.2, 1.0, 5.0), 0.08, 80


@dataclass(frozen=True)
class Choice:
    """What was chosen, and why, in a sentence."""

    value: Any
    why: str


def resolution(widths: Sequence[int], heights: Sequence[int], device: str) -> Choice:
    """The largest power of two from 8 to 256 that the median shorter side reaches when enlarged by at most 1.25.

    A CPU stops at 64: four times the pixels are four times the time.
    """
    sides = sorted(min(size) for size in zip(widths, heights, strict=True))
    side = sides[len(sides) // 2]
    middle = f"{sorted(widths)[len(widths) // 2]}x{sorted(heights)[len(heights) // 2]}"
    fitting = [size for size in SIZES if size <= ENLARGED * side]
    largest = max(fitting, default=8)
    chosen = min(largest, LARGEST[device])
    rule = f"the largest power of two that enlarges its shorter side by at most {ENLARGED:g}"
    if not fitting:
        rule = "the smallest that the networks are made for"
    elif chosen < largest:
        rule = f"{largest} would fit, but on a CPU takes {(largest // chosen) ** 2} times as long"
    elif chosen == LARGEST["gpu"]:
        rule = "the largest that the networks are made for"
    return Choice(chosen, f"resolution {chosen}: the median picture is {middle}; {rule}")


def channels(looks: Looks) -> Choice:
    """4 when at least a quarter of the pictures have transparent parts, else 1 when all are grey, else 3.

    Transparent means opacity below 250 of 255 in at least one pixel of a hundred.
    """
    of = f"of {looks.sampled} pictures looked at"
    if looks.transparent >= TRANSPARENT_SHARE * looks.sampled:
        return Choice(4, f"channels 4: {looks.transparent} {of} have transparent parts, so opacity is learned too")
    laid = f" ({looks.transparent} have transparent parts, which are laid on white)" if looks.transparent else ""
    if looks.grey == looks.sampled:
        return Choice(1, f"channels 1: all {looks.sampled} pictures looked at are grey{laid}")
    return Choice(3, f"channels 3: {looks.sampled - looks.grey} {of} have colours{laid}")


def conditional(labels: str, classes: Mapping[str, int], unlabelled: int = 0) -> Choice:
    """Both players are told the class when there are at least two classes, each with at least 20 pictures.

    With more than 5 % of the pictures in no class, none is told, so that all are used.
    """
    if labels == "none" or not classes:
        return Choice(False, "classes none: the pictures lie in no class folders and there is no labels.csv")
    origin = "the sub folders" if labels == "folders" else f"'{labels}'"
    together = unlabelled + sum(classes.values())
    if unlabelled > UNLABELLED_SHARE * together:
        return Choice(
            False,
            f"classes none: {origin} say nothing of {unlabelled:,} of {together:,} pictures (at most "
            f"{UNLABELLED_SHARE:.0%} may be left out); data.labels={labels} trains on the others alone",
        )
    few = {name: count for name, count in classes.items() if count < CLASS_MINIMUM}
    if len(classes) < 2:
        return Choice(False, f"classes none: {origin} name only one, '{next(iter(classes))}'")
    if few:
        named = ", ".join(f"'{name}' {count}" for name, count in list(few.items())[:3])
        more = f" and {len(few) - 3} more" if len(few) > 3 else ""
        return Choice(
            False,
            f"classes none: {origin} name {len(classes)}, but some have fewer than {CLASS_MINIMUM} pictures "
            f"({named}{more}); data.class_names=[...] chooses some of them",
        )
    named = ", ".join(list(classes)[:6]) + (", ..." if len(classes) > 6 else "")
    return Choice(
        True,
        f"classes {len(classes)}: {origin} name {named}, with {min(classes.values()):,} to {max(classes.values()):,} "
        f"pictures each; task.conditional=false ignores them",
    )


def flip(looks: Looks) -> Choice:
    """Mirrored pictures are trained on when they fit in among the others.

    They do when a mirror image lies farther from the other pictures than the picture itself in at most 65 % of cases,
    and is at most 1.1 times as far (see `toolkit.image.looks.mirror`). Handwritten digits have 93 to 96 %, photographs
    of faces 50 to 60 %. Fewer than 50 pictures do not say enough.
    """
    if looks.sampled < MIRROR_MINIMUM:
        return Choice(False, f"flip off: {looks.sampled} pictures do not show whether left and right matter")
    share = f"{looks.mirrored_farther:.0%} of mirror images lie farther from the other pictures than the pictures do"
    fits = looks.mirrored_farther <= MIRROR_FARTHER and looks.mirrored_distance <= MIRROR_DISTANCE
    if fits:
        return Choice(True, f"flip on: only {share}, so left and right do not matter")
    return Choice(False, f"flip off: {share}, so left and right matter; task.flip=true mirrors all the same")


def split(count: int) -> Choice:
    """10 % each for validation and test below 5,000 pictures, 5 % each from there."""
    share = 0.1 if count < PENALTY_FEW else 0.05
    shares = {"train": round(1 - 2 * share, 2), "validation": share, "test": share}
    return Choice(shares, f"split {shares['train']:.0%} to train on, {share:.0%} each to choose by and to test with")


def networks(size: int, device: str) -> Choice:
    """On a CPU the DCGAN pair without normalisation, on a GPU the residual pair; relativistic loss with R1 and R2.

    Huang et al. 2024 show that this loss with both penalties needs no normalisation and no tricks. The DCGAN pair plays
    it several times as fast on a CPU, where the grouped convolutions of the residual pair are slow.
    """
    if device == "gpu":
        words = f"residual pair with widths {', '.join(map(str, stage_widths(size)))}, for a GPU"
    else:
        words = (
            f"DCGAN pair without normalisation, width {generator_width(size)}, the quickest that trains well on a CPU"
        )
    return Choice(device, f"networks: {words}; relativistic loss with R1 and R2 (Huang et al. 2024)")


def generator_width(size: int) -> int:
    """Width of both networks of the DCGAN pair."""
    return int(_at(WIDTHS, size))


def stage_widths(size: int) -> tuple[int, ...]:
    """Widths of both networks of the residual pair, from 4x4 up to the resolution."""
    return STAGES[: max(1, size.bit_length() - 2)]


def batch_size(size: int, training: int, device: str) -> int:
    """64 on a CPU, up to 128 on a GPU; never more than the largest power of two among the training pictures."""
    return max(8, min(int(_at(BATCHES[device], size)), 1 << max(training, 1).bit_length() - 1))


def length(count: int, batch: int, device: str) -> Choice:
    """So many steps that each picture is shown 400 times (2,000 on a GPU), within bounds."""
    times, least, most = SHOWN[device]
    shown = min(max(times * count, least), most)
    steps = max(500, round(shown / batch / 500) * 500)
    why = f"steps {steps:,}: {steps * batch:,} pictures shown in batches of {batch}, each about "
    return Choice(steps, f"{why}{steps * batch / count:,.0f} times; trainer.steps=... for shorter or longer")


def penalty(size: int, count: int) -> Choice:
    """Weight of R1 and of R2 (gamma): by resolution, twice as much for fewer than 5,000 pictures.

    It does not depend on the number of channels: the weights that train grey pictures here and those published for
    colour agree at 32 pixels (0.05 to 0.5). It falls to a fifth while training, as published weights fall to a tenth.
    """
    base = _at(PENALTY, size)
    few = count < PENALTY_FEW
    chosen = base * (PENALTY_FACTOR if few else 1.0)
    doubled = f", doubled for fewer than {PENALTY_FEW:,} pictures" if few else ""
    return Choice(
        chosen,
        f"penalty weight {chosen:g}: {base:g} at {size} pixels{doubled}; it falls to {chosen / PENALTY_FALL:g} "
        "in the course of training",
    )


def augmentation(count: int, shown: int) -> Choice:
    """Adaptive below 20,000 pictures: as strong as keeps the discriminator's overfitting sign at 0.6."""
    if count >= MANY:
        return Choice(None, f"augmentation none: {count:,} pictures are enough not to be learned by heart")
    part = {
        "name": "adaptive",
        "pipeline": {"name": "diffaugment"},
        "start": 0.2 if count < SMALL else 0.0,
        "speed": float(max(50_000, min(shown // 3, 500_000))),
    }
    return Choice(
        part,
        f"augmentation adaptive: {count:,} pictures, fewer than {MANY:,}, could be learned by heart by the "
        "discriminator; its view of them is changed as strongly as needed (Karras et al. 2020)",
    )


def probe_steps(size: int, steps: int, device: str) -> int | None:
    """Length of each of the three trial games: together at most 8 % of the run; none when that is under 80 steps."""
    each = min(_at(PROBE_STEPS[device], size), int(steps * PROBE_SHARE / len(PROBE_FACTORS)))
    return each if each >= PROBE_SHORTEST else None


def _at(table: Mapping[int, Any], size: int) -> Any:
    """The entry of the largest resolution that is not above this one."""
    return table[max((key for key in table if key <= size), default=min(table))]
