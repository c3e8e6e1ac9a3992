"""Classification accuracy score: what a classifier learns of real classes from generated pictures alone.

Ravuri & Vinyals 2019 ("Classification accuracy score for conditional generative models", section 3): train a classifier
on generated pictures only, and test it on real ones. Unlike distances of features it falls both when the pictures of a
class are wrong and when they are all alike.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit.config import build
from toolkit.config.documents import load_document
from toolkit.data.loader import evaluation_batches
from toolkit.engine.models import locate_model
from toolkit.errors import DataError, TrainingError
from toolkit.metrics.comparison import Comparison, own_half_widths
from toolkit.runs.candidate import Candidate
from toolkit.runs.models import load
from toolkit.runs.training import train
from toolkit.runs.verdict import verdict

RECIPE = "image/classifier"
USUAL_COUNT = 50_000


def classification_accuracy_score(
    model: str | Path,
    *,
    real: str | Path | None = None,
    split: str = "test",
    count: int | None = None,
    seed: int = 0,
    judge: bool = False,
    truncation: float | None = None,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Train the classifier recipe on a conditional model's pictures, and test it on real ones.

    The recipe is `recipes/image/classifier`, in its variant for the model's data set if it has one, with the data
    `{name: generated, model: MODEL}`; the training is that of `toolkit train`, so it takes minutes.

    Args:
        model: a run folder, a model folder or a shipped model's name, of a conditional model of pictures.
        real: a folder with class folders, or an `.npz` file with labels; the test part of the model's own data when
            left out.
        split: which part of the model's own data, or of `real` if its folders name parts.
        count: generated pictures to train on; as many as the model was trained on if that is known, else 50,000.
        seed: of the generated pictures.
        judge: train only on pictures that the model's discriminator accepts.
        truncation: train on less varied, more typical pictures.
        overrides: changes of the classifier's recipe, e.g. `trainer.steps=1000`.
        out: keep the classifier's run in this folder; it is deleted when left out.
        quiet: no progress bar.

    Returns:
        As `evaluate`: the number is `classification_accuracy_score` in `metrics`, its interval is Wilson's.

    Raises:
        DataError: the model knows no classes, or the real data has no labels.
        TrainingError: the classifier's training was interrupted, or failed.
    """
    started = time.perf_counter()
    candidate = Candidate(model)
    classes = candidate.pipeline.config.get("classes") or ()
    if not classes or getattr(candidate.pipeline, "modality", None) != "image":
        raise DataError(
            f"{model} makes no pictures of classes, so no classifier can learn from it",
            "the classification accuracy score is for conditional models of pictures (task.conditional=true)",
        )
    candidate.open(real, None, split)
    if "label" not in next(evaluation_batches(candidate.held_out, 1, prefetch=0)):
        raise DataError(
            f"{candidate.real} has no labels to test a classifier on", "give class folders, or labels in the .npz file"
        )
    pictures = count or _as_many_as_trained_on(candidate)
    data = {
        "name": "generated",
        "model": str(locate_model(model).resolve()),
        "count": pictures,
        "seed": seed,
        "judge": judge,
        "truncation": truncation,
    }
    settings = [*_variant(candidate, overrides), f"data={json.dumps(data)}", *overrides]
    with _folder(out) as folder:
        result = train(RECIPE, folder, settings, quiet=quiet)
        if result.stopped_by:
            where = f"go on with it: toolkit resume {out}" if out is not None else "--out DIR keeps it the next time"
            raise TrainingError(f"the classifier's training was stopped by {result.stopped_by}", where)
        classifier = load(result.path)
        task = build("tasks", classifier.config["recipe"]["task"], "task")
        device = next(classifier.module.parameters()).device
        values = task.measure(classifier.module, candidate.held_out, None, device=device)
    score = {"classification_accuracy_score": values["accuracy"]}
    score["classification_accuracy_score_half_width"] = values["accuracy_half_width"]
    document = verdict(
        {"model": str(locate_model(model))},
        Comparison(score, own_half_widths(score)),
        real=candidate.real,
        real_samples=len(candidate.held_out),
        samples=pictures,
        features=None,
        fid=False,
        seed=seed,
        classes=classes,
        notes=candidate.notes,
        left_out=candidate.held_out.problems,
    )
    kept = {"classifier": str(out)} if out is not None else {}
    return (
        document
        | kept
        | {
            "classifier_recipe": " ".join([RECIPE, *_variant(candidate, overrides), *overrides]),
            "classifier_steps": result.step,
            "judged": judge,
            "truncation": truncation,
            "seconds": round(time.perf_counter() - started, 2),
        }
    )


def _as_many_as_trained_on(candidate: Candidate) -> int:
    parts = candidate.opened.splits
    return len(parts["train"]) if "train" in parts else USUAL_COUNT


def _variant(candidate: Candidate, overrides: Sequence[str]) -> list[str]:
    """The classifier recipe's variant for the model's data set, unless the user chose one."""
    if any(text.startswith("variant=") for text in overrides):
        return []
    name = candidate.recipe.data["name"]
    return [f"variant={name}"] if name in (load_document(RECIPE)[0].get("variants") or {}) else []


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    if out is not None:
        yield Path(out)
        return
    with tempfile.TemporaryDirectory(prefix="toolkit-cas-") as folder:
        yield Path(folder) / "classifier"
