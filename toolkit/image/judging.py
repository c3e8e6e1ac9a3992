"""Pictures that a model's own discriminators let pass."""

from __future__ import annotations

import math
import statistics
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from toolkit.adversarial.judge import CannotTellWarning, Judge
from toolkit.adversarial.selection import Selection
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError, TrainingError
from toolkit.image.grid import Pixels, from_pixels, to_pixels
from toolkit.image.measure import Pages
from toolkit.image.pictures import Pictures
from toolkit.image.stored_judge import StoredJudge
from toolkit.metrics.extractor import Extractor
from toolkit.metrics.frechet import frechet_distance
from toolkit.metrics.moments import Moments

if TYPE_CHECKING:
    from toolkit.image.pipeline import ImagePipeline

_PAGE = 128


def judged_pictures(
    pipeline: ImagePipeline,
    count: int,
    seed: int,
    pattern: Sequence[int],
    *,
    batch_size: int = _PAGE,
    acceptance: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Pictures:
    """Generate until enough pictures are accepted; see `ImagePipeline.generate`.

    Args:
        pipeline: makes the pictures and has the judge.
        count: how many to keep.
        seed: a candidate, and whether it is kept, is a function of (seed, its index).
        pattern: labels of the candidates, repeated; see `Selection`.
        batch_size: how many at a time.
        acceptance: least share to keep; the share that the judge was found to be best with when `None`.
        options: further keywords of the generator.

    Raises:
        TrainingError: not one picture was accepted.
    """
    selection = Selection(count, pattern)
    kept: dict[int, tuple[Pixels, float]] = {}
    first: list[tuple[Pixels, float]] = []
    judge = pipeline.stored_judge.judge
    for page in _pages(pipeline, judge, selection, seed, "generate", batch_size, acceptance, options or {}):
        judged = list(zip(to_pixels(page.pictures), torch.sigmoid(page.log_ratios).tolist(), strict=True))
        first += judged[: count - len(first)]
        kept.update((page.candidates[row], judged[row]) for row in torch.nonzero(page.taken).flatten().tolist())
    chosen = selection.chosen()
    _check(selection, len(chosen))

    def made(indices: Sequence[int], judged: Sequence[tuple[Pixels, float]], **more: Any) -> Pictures:
        pixels, scores = zip(*judged, strict=True)
        labels = selection.classes_of(torch.tensor(indices)).tolist() if pipeline.classes else ()
        return Pictures(np.stack(pixels), tuple(labels), seed, pipeline.classes, tuple(indices), scores, **more)

    unjudged = made(range(count), first)
    return made(chosen, [kept[index] for index in chosen], candidates=selection.candidates, unjudged=unjudged)


def judged_pages(
    pipeline: ImagePipeline, acceptance: float | None = None, options: Mapping[str, Any] | None = None
) -> Pages:
    """Accepted pictures for metrics: the counterpart of what metrics get straight from a generator.

    Args:
        pipeline: makes the pictures and has the judge.
        acceptance: see `judged_pictures`.
        options: keywords for sampling, such as a truncation.

    Returns:
        A function of (count, seed, labels) that gives batches of accepted pictures, `data` in [-1, 1] and `label`, with
        as many of each class as `labels` has. The first candidates are the pictures that metrics would get unjudged.

    Raises:
        CheckpointError: the model has no judge.
    """
    judge = pipeline.stored_judge.judge

    def pages(count: int, seed: int, labels: Tensor | None) -> Iterator[dict[str, Any]]:
        selection = Selection(count, [0] if labels is None else labels.tolist())
        made = 0
        for page in _pages(pipeline, judge, selection, seed, "measure", _PAGE, acceptance, options or {}):
            taken = page.taken.to(page.pictures.device)
            if bool(taken.any()):
                made += int(taken.sum())
                yield {
                    "data": page.pictures[taken].float(),
                    "label": None if page.labels is None else page.labels[taken],
                }
        _check(selection, made)

    return pages


@dataclass(frozen=True, slots=True)
class _Page:
    """Judged candidates: indices, `x_BCHW`, labels `B`, log density ratios `B`, and `B` which of them took a place."""

    candidates: list[int]
    pictures: Tensor
    labels: Tensor | None
    log_ratios: Tensor
    taken: Tensor


@torch.no_grad()
def _pages(
    pipeline: ImagePipeline,
    judge: Judge,
    selection: Selection,
    seed: int,
    scope: str,
    size: int,
    acceptance: float | None,
    options: Mapping[str, Any],
) -> Iterator[_Page]:
    rule = judge.rule(acceptance)
    _warn(judge, acceptance)
    while True:
        wanted = math.ceil(selection.missing / max(rule.acceptance, 0.01))
        candidates = selection.propose(min(size, max(wanted, 1)))
        if candidates is None:
            return
        labels = selection.classes_of(candidates) if pipeline.classes else None
        there = None if labels is None else labels.to(pipeline.device)
        x = pipeline.sample(Noise(seed, 0, candidates.to(pipeline.device), scope), there, **options)
        ratios = judge.log_ratio(x, there)
        accepted = rule.keep(ratios, Noise(seed, 0, candidates, scope), labels)
        yield _Page(candidates.tolist(), x, there, ratios, selection.record(candidates, accepted))


def _warn(judge: Judge, acceptance: float | None) -> None:
    if judge.calibration.doubt or (judge.doubt and acceptance is None):
        way_out = (
            "" if judge.calibration.doubt else "; to choose all the same, give a share to accept (--acceptance 0.5)"
        )
        warnings.warn(f"every picture is accepted: {judge.doubt}{way_out}", CannotTellWarning, stacklevel=5)


def _check(selection: Selection, found: int) -> None:
    if not found:
        raise TrainingError(
            f"the judge accepted none of {selection.candidates} pictures",
            "accept a larger share (--acceptance 0.5), or generate without --judge",
        )
    if selection.missing:
        warnings.warn(
            f"only {found} of {selection.count} pictures: the judge accepted no more of {selection.candidates}; "
            "a larger share can be accepted with --acceptance",
            CannotTellWarning,
            stacklevel=4,
        )


def score_pictures(pipeline: ImagePipeline, pictures: Pictures) -> tuple[float, ...]:
    """How probably each picture is real, as the judge says of its bytes."""
    judge = pipeline.stored_judge.judge
    scores: list[float] = []
    for start in range(0, len(pictures), _PAGE):
        page = slice(start, start + _PAGE)
        labels = torch.tensor(pictures.labels[page], device=pipeline.device) if pictures.labels else None
        data = from_pixels(torch.from_numpy(pictures.pixels[page]).to(pipeline.device))
        scores += judge.probability(data, labels).tolist()
    return tuple(scores)


def compare_with_unjudged(pipeline: ImagePipeline, pictures: Pictures) -> dict[str, Any]:
    """What judging changed: mean score and Fréchet distance before and after, of equally many pictures.

    Args:
        pipeline: what made the pictures.
        pictures: judged ones.

    Returns:
        `before` and `after`, each with `mean_score` and `frechet_distance`; `features` and `real`, in and to which the
        distance is. Where there can be no distance it is `None`, and `reason` says why.
    """
    assert pictures.unjudged is not None
    both = {"before": pictures.unjudged, "after": pictures}
    found: dict[str, Any] = {
        name: {"mean_score": statistics.fmean(some.scores), "frechet_distance": None} for name, some in both.items()
    }
    try:
        stored, extractor = _comparable(pipeline, pictures)
    except ToolkitError as error:
        return {**found, "reason": error.message}
    assert stored.reference is not None
    for name, some in both.items():
        moments = Moments(stored.reference.moments.dimension)
        for start in range(0, len(pictures), _PAGE):
            moments.add(extractor(from_pixels(torch.from_numpy(some.pixels[: len(pictures)][start : start + _PAGE]))))
        found[name]["frechet_distance"] = frechet_distance(stored.reference.moments, moments)
    real = f"{stored.reference.moments.count} real pictures ({stored.reference.source})"
    return {**found, "features": stored.reference.extractor, "real": real}


def _comparable(pipeline: ImagePipeline, pictures: Pictures) -> tuple[StoredJudge, Extractor]:
    """The judge with its reference, and the extractor; an error says why these pictures cannot be compared with it."""
    stored = pipeline.stored_judge
    if len(pipeline.classes) > 1 and len(set(pictures.labels)) == 1:
        raise ToolkitError("pictures of one class cannot be compared with real ones of all classes")
    if stored.reference is not None and len(pictures) <= stored.reference.moments.dimension:
        least = stored.reference.moments.dimension + 1
        raise ToolkitError(
            f"{len(pictures)} pictures are too few for a Fréchet distance in these features, it takes {least}"
        )
    return stored, stored.build_extractor(pipeline.device)
