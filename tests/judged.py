"""A small model whose judge has opinions: the tiny run is too short for its discriminator to know anything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from toolkit.adversarial.calibration import Calibration
from toolkit.adversarial.judge import JUDGE, realness
from toolkit.adversarial.rejection import fit_rejection
from toolkit.metrics.reference import pack_reference
from toolkit.runs import load

BURN_IN = 400


def give_opinions(model: Path, acceptance: float = 0.4) -> Path:
    """Rewrite a model's calibration so that its scores, whatever they are, spread over probabilities in each class."""
    pipeline = load(model, device="cpu")
    stored = pipeline.stored_judge
    labels = torch.arange(BURN_IN) % len(pipeline.classes) if pipeline.classes else None
    inputs = (torch.randn(BURN_IN, 8, generator=torch.Generator().manual_seed(0)), labels)
    with torch.no_grad():
        fake = pipeline.module(*[item for item in inputs if item is not None])
    scores = realness(stored.judge.discriminators, fake, labels).double()
    groups = torch.zeros(BURN_IN, dtype=torch.int64) if labels is None else labels
    scales = [2 / scores[groups == label].std().item() for label in range(int(groups.max()) + 1)]
    offsets = [-scale * scores[groups == label].mean().item() for label, scale in enumerate(scales)]
    several = (tuple(scales), tuple(offsets)) if labels is not None else ((), ())
    calibration = Calibration(scales[0], offsets[0], *several, ranking=0.8)
    burn_in = calibration.log_ratio(scores, labels)
    rule = fit_rejection(burn_in, labels, len(pipeline.classes), acceptance=acceptance)
    config = json.loads((model / "config.json").read_text())
    config["judge"] |= {"calibration": calibration.to_document(), "rejection": rule.to_document(), "doubt": ""}
    (model / "config.json").write_text(json.dumps(config))
    extra = (
        {"burn_in.log_ratio": burn_in} if labels is None else {"burn_in.log_ratio": burn_in, "burn_in.label": labels}
    )
    (model / JUDGE).write_bytes(pack_reference(stored.reference, extra))
    return model


@pytest.fixture
def judged(trained: Path, tmp_path: Path) -> Path:
    """The model of the tiny run with a judge that accepts about four in ten."""
    shutil.copytree(trained / "model", tmp_path / "judged")
    return give_opinions(tmp_path / "judged")
