"""The judge of a run's model: its discriminators, calibrated at the end of training, for any task that has some."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.adversarial.calibration import calibrate
from toolkit.adversarial.estimators import Draw
from toolkit.adversarial.judge import JUDGE, Judge, describe, pack, realness
from toolkit.adversarial.rejection import DEFAULT_ACCEPTANCE, fit_rejection
from toolkit.adversarial.types import Batch
from toolkit.data.loader import evaluation_batches
from toolkit.data.order import one_epoch
from toolkit.data.source import Subset
from toolkit.engine.randomness import Noise
from toolkit.errors import ToolkitError
from toolkit.metrics.extractor import Extractor, evaluating
from toolkit.metrics.moments import Moments
from toolkit.metrics.reference import MAX_DIMENSION, Reference, pack_reference
from toolkit.runs.assemble import Opened
from toolkit.runs.measure import build_extractor
from toolkit.runs.strength import Strength, choose_strength

SAMPLES = 1024
"""Generated samples that a judge is calibrated with, and the most real ones."""

REFERENCE_SAMPLES = 5000
"""Most real samples whose features are remembered."""

_LEAST = 16
_PAGE = 64


@dataclass(frozen=True)
class JudgeFiles:
    """What a model folder gets for its judge.

    Attributes:
        document: for `config.json`; only `{"skipped": reason}` when there is no judge.
        weights: of the discriminators.
        files: further files, by name.
    """

    document: dict[str, Any]
    weights: dict[str, Tensor] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def make_judge(
    opened: Opened, generator: nn.Module, discriminators: Mapping[str, nn.Module], device: torch.device
) -> JudgeFiles:
    """Calibrate the discriminators of a run on data that neither player was trained on.

    The validation split is used; where it has fewer than 16 samples the test split, else the training data, which a
    discriminator may know by heart: the document says which. Samples come from the generator as it is shipped.

    Args:
        opened: the recipe with its data.
        generator: the network that is shipped; left as it is.
        discriminators: as they are at the end of training; left as they are.
        device: where the networks are.

    Returns:
        The judge's files. Without data, or with scores that are not finite, there is no judge, and a reason: no such
        trouble is worth losing a model for.
    """
    if not discriminators:
        return JudgeFiles({"skipped": "the recipe has no discriminator"})
    if not hasattr(opened.task, "feature_banks"):
        return JudgeFiles({"skipped": "what this task makes is not sampled, so there is nothing to reject"})
    part = next(
        (name for name in ("validation", "test", "train") if len(opened.splits.get(name) or ()) >= _LEAST), None
    )
    if part is None:
        return JudgeFiles(
            {"skipped": f"there are fewer than {_LEAST} real samples to calibrate the discriminator with"}
        )
    with ExitStack() as stack:
        for network in (generator, *discriminators.values()):
            stack.enter_context(evaluating(network))
        try:
            return _Calibrating(opened, generator, discriminators, device).files(part)
        except ToolkitError as error:
            return JudgeFiles({"skipped": error.message})


@dataclass
class _Seen:
    """What the discriminators say of real and of generated samples, and what the extractor sees in the latter."""

    real: Tensor
    fake: Tensor
    real_label: Tensor | None
    fake_label: Tensor | None
    features: Tensor | None


class _Calibrating:
    def __init__(
        self, opened: Opened, generator: nn.Module, discriminators: Mapping[str, nn.Module], device: torch.device
    ) -> None:
        self.opened = opened
        self.generator = generator
        self.discriminators = discriminators
        self.device = device
        self.classes = len(opened.task.model_config(generator).get("classes") or ())
        self.extractor: Extractor | None = None
        self.no_reference = ""
        try:
            self.extractor = build_extractor(opened.recipe.extractor, device)
        except ToolkitError as error:
            self.no_reference = f"the extractor cannot be built: {error.message}"

    def files(self, part: str) -> JudgeFiles:
        """The judge, calibrated on this part of the data."""
        seen = self._look(part)
        calibration = calibrate(seen.real, seen.fake, seen.real_label, seen.fake_label, self.classes)
        burn_in = calibration.log_ratio(seen.fake, seen.fake_label)
        reference = self._reference(part, seen.features)
        if calibration.doubt:
            strength = Strength(1.0, doubt=f"the discriminator cannot tell: {calibration.doubt}")
        elif reference is None or seen.features is None:
            strength = Strength(DEFAULT_ACCEPTANCE)
        else:
            strength = choose_strength(reference.moments, seen.features, burn_in, seen.fake_label, self.classes)
        rule = fit_rejection(burn_in, seen.fake_label, self.classes, acceptance=strength.acceptance)
        facts = {
            "calibrated_on": {"split": part, "real": len(seen.real), "generated": len(seen.fake)},
            "expected_change": strength.change,
            "reference": self._described(reference),
        }
        judge = Judge({}, calibration, rule, classes=self.classes, doubt=strength.doubt)
        stored = {"burn_in.log_ratio": burn_in}
        if seen.fake_label is not None:
            stored["burn_in.label"] = seen.fake_label
        return JudgeFiles(
            describe(judge, self.opened.recipe.discriminators, facts),
            pack(self.discriminators),
            {JUDGE: pack_reference(reference, stored)},
        )

    def _look(self, part: str) -> _Seen:
        """Real samples once each, and generated ones under the same conditions, repeated until there are enough."""
        source = one_epoch(self.opened.splits[part])
        count = min(len(source), SAMPLES)
        chosen = torch.randperm(len(source), generator=torch.Generator().manual_seed(0))[:count]
        repeated = chosen.repeat(-(-SAMPLES // count))[:SAMPLES]
        found: dict[str, list[Tensor]] = {name: [] for name in ("real", "fake", "real_label", "fake_label", "features")}
        for batch in self._batches(Subset(source, repeated.numpy())):
            condition = self.opened.task.condition(batch)
            noise = Noise(self.opened.recipe.seed, 0, batch["index"], "judge")
            fake = self.opened.task.generate(self.generator, batch, Draw(noise, None)).data
            found["fake"].append(realness(self.discriminators, fake, condition))
            new = batch["index"] < count
            real = self.opened.task.real(batch)
            if real is not None and bool(new.any()):
                asked = None if condition is None else condition[new]
                found["real"].append(realness(self.discriminators, real[new], asked))
            if self.classes and condition is not None:
                found["fake_label"].append(condition.cpu())
                found["real_label"].append(condition[new].cpu())
            if self.extractor is not None:
                found["features"].append(self.extractor(fake.float()).cpu())
        return _Seen(**{name: torch.cat(parts) if parts else None for name, parts in found.items()})  # type: ignore[arg-type]

    def _batches(self, source: Subset) -> Iterator[Batch]:
        for batch in evaluation_batches(source, _PAGE):
            yield {name: value.to(self.device) for name, value in batch.items()}

    def _reference(self, part: str, features: Tensor | None) -> Reference | None:
        """Moments of real data: of the same part, or of the training data where that has too few samples."""
        if self.extractor is None or features is None:
            return None
        dimension = features.shape[1]
        if dimension > MAX_DIMENSION:
            self.no_reference = f"{dimension} features are too many to remember (at most {MAX_DIMENSION})"
            return None
        if len(self.opened.splits[part]) <= dimension < len(self.opened.splits["train"]):
            part = "train"
        source = one_epoch(self.opened.splits[part])
        chosen = torch.randperm(len(source), generator=torch.Generator().manual_seed(0))[:REFERENCE_SAMPLES]
        moments = Moments(dimension)
        for batch in self._batches(Subset(source, chosen.sort().values.numpy())):
            real = self.opened.task.real(batch)
            assert real is not None
            moments.add(self.extractor(real.float()))
        return Reference(moments, self.extractor.name, part)

    def _described(self, reference: Reference | None) -> dict[str, Any]:
        if reference is None:
            return {"skipped": self.no_reference}
        return {
            "extractor": self.opened.recipe.extractor or {"name": "pixels"},
            "features": reference.extractor,
            "split": reference.source,
            "samples": reference.moments.count,
        }
