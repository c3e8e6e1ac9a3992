"""The judge in a model folder: discriminators, what their scores are worth, and what is remembered of real data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from toolkit.adversarial.calibration import Calibration
from toolkit.adversarial.judge import DISCRIMINATORS, JUDGE, Judge, unpack
from toolkit.adversarial.rejection import Rejection
from toolkit.config import build
from toolkit.engine.weights import load_weights, read_weights
from toolkit.errors import CheckpointError, ConfigError, DataError, ToolkitError, UnknownPartError
from toolkit.metrics.extractor import Extractor
from toolkit.metrics.reference import Reference, read_reference
from toolkit.nn.building import build_module


@dataclass(frozen=True)
class StoredJudge:
    """What a model folder holds of a judge.

    Attributes:
        judge: ready to judge.
        reference: features of real data, or `None`.
        no_reference: why there are none, in words.
        extractor: spec of what makes the features.
    """

    judge: Judge
    reference: Reference | None
    no_reference: str
    extractor: Any

    def build_extractor(self, device: torch.device) -> Extractor:
        """What made the features of the reference.

        Raises:
            ToolkitError: there is no reference, or what made it is not here, or has other weights now.
        """
        if self.reference is None:
            raise ToolkitError(f"the model remembers no real data to compare with: {self.no_reference}")
        extractor: Extractor = build("extractors", self.extractor, "config.json:judge.reference.extractor")
        if extractor.name != self.reference.extractor:
            raise ToolkitError(f"the extractor is '{extractor.name}' here; the model was '{self.reference.extractor}'")
        move = getattr(extractor, "to", None)
        if move is not None:
            move(device)
        return extractor


def load_judge(folder: Path | None, config: Mapping[str, Any], device: torch.device) -> StoredJudge:
    """Read the judge of a model folder.

    Args:
        folder: the model folder; `None` for a model that came from no folder.
        config: its `config.json`.
        device: where the discriminators go.

    Raises:
        CheckpointError: the model has no judge, with the reason if it says one; its files are damaged; or its
            discriminators need a part that is not registered.
    """
    document = config.get("judge")
    if folder is None or not isinstance(document, Mapping) or "discriminators" not in document:
        reason = document.get("skipped") if isinstance(document, Mapping) else None
        raise CheckpointError(
            f"{folder or 'this model'} has no discriminator to judge with{f': {reason}' if reason else ''}",
            "`toolkit resume RUN` writes the model of a run again, with its judge if it can have one; or generate "
            "without --judge",
        )
    path = f"{folder}/config.json:judge"
    try:
        weights = read_weights(folder / DISCRIMINATORS)
        discriminators = {}
        with torch.random.fork_rng(devices=[]):  # initial weights are drawn and then replaced
            for name, spec in document["discriminators"].items():
                module = build_module("discriminators", spec, f"{path}.discriminators.{name}")
                load_weights(module, unpack(weights, name), folder / DISCRIMINATORS)
                discriminators[name] = module.to(device)
        reference, extra = read_reference(folder / JUDGE)
        judge = Judge(
            discriminators,
            Calibration.from_document(document["calibration"]),
            Rejection.from_document(document["rejection"]),
            extra.get("burn_in.log_ratio"),
            extra.get("burn_in.label"),
            document["classes"],
            document["doubt"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path} is damaged: {error!r}", "copy the folder again from where it came from"
        ) from error
    except DataError as error:
        raise CheckpointError(error.message, error.way_out) from error
    except (ConfigError, UnknownPartError) as error:
        raise CheckpointError(
            f"the discriminators of {folder} cannot be built: {error.message}",
            "register the parts they were made of first (--import); or generate without --judge",
        ) from error
    described = document.get("reference", {})
    return StoredJudge(judge, reference, described.get("skipped", ""), described.get("extractor"))
