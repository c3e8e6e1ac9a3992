"""The contract of importers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from toolkit.engine.foreign import ImportedModel, State
from toolkit.engine.models import read_model, save_model
from toolkit.errors import CheckpointError
from toolkit.registry import REGISTRY
from toolkit.testing.subject import PartLike, Subject

_STRAY = "no.such.layer.weight"


def check_importer(part: PartLike, /, *, state: State, same: Callable[[Any], bool] | None = None) -> None:
    """The contract of an importer.

    * it makes an `ImportedModel` of the state, the same every time, and leaves the state as it was;
    * the configuration is plain JSON and names a registered pipeline, which loads the model from its folder;
    * a state that lacks any floating-point tensor, has one of another number of dimensions or one more, or is empty, is
      refused with a `CheckpointError` that names the key: guessed weights would only be noticed by their noise.

    Args:
        part: registered name, or the callable.
        state: small, in the layout that it reads.
        same: from the loaded pipeline to whether it computes what the original network does.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("importers", part, {})
    subject.check_signature()
    before = {name: tensor.clone() for name, tensor in state.items()}
    imported = _imported(subject, state)
    again = _imported(subject, state)
    kept = before.keys() == state.keys() and all(torch.equal(before[name], state[name]) for name in before)
    subject.must(kept, "leaves the state as it was")
    alike = imported.weights.keys() == again.weights.keys() and all(
        torch.equal(again.weights[name], tensor) for name, tensor in imported.weights.items()
    )
    subject.must(alike and imported.config == again.config, "makes the same model of the same state")
    subject.must(imported.origin, "says in words what the model comes from")
    _check_folder(subject, imported, same)
    for name in [name for name, tensor in state.items() if tensor.is_floating_point()]:
        _check_refused(subject, {key: item for key, item in state.items() if key != name}, name, f"without '{name}'")
        _check_refused(subject, {**state, name: state[name][None]}, name, f"with '{name}' of another shape")
    _check_refused(subject, {**state, _STRAY: torch.zeros(1)}, _STRAY, f"with a further tensor '{_STRAY}'")
    _check_refused(subject, {}, "", "without any tensor")


def _imported(subject: Subject, state: State) -> ImportedModel:
    with subject.rule("takes a state of its layout"):
        imported = subject.part(state)
    subject.must(isinstance(imported, ImportedModel), f"returns an ImportedModel, not {type(imported).__name__}")
    assert isinstance(imported, ImportedModel)
    return imported


def _check_folder(subject: Subject, imported: ImportedModel, same: Callable[[Any], bool] | None) -> None:
    with subject.rule("has a configuration of plain JSON"):
        json.dumps(imported.config, allow_nan=False)
    name = imported.config.get("pipeline")
    known = {found.name for found in REGISTRY.parts("pipelines")}
    subject.must(name in known, f"names a pipeline that is registered, got {name!r}")
    assert isinstance(name, str)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        save_model(folder, imported.weights, imported.config, "# An imported model\n", imported.files)
        with subject.rule(f"makes a model that the pipeline '{name}' loads"):
            factory: Any = REGISTRY.load("pipelines", name)
            pipeline = factory.from_folder(read_model(folder), torch.device("cpu"))
    if same is not None:
        subject.must(same(pipeline), "makes a model that computes what the original network does")


def _check_refused(subject: Subject, state: State, name: str, words: str) -> None:
    try:
        subject.part(state)
    except CheckpointError as error:
        subject.must(name in str(error), f"refuses a state {words} with a message that names the key; it says: {error}")
        return
    except Exception as error:  # a part under test may fail in any way
        subject.must(False, f"refuses a state {words} with a CheckpointError, not {type(error).__name__}: {error}")
    subject.must(False, f"refuses a state {words} with a CheckpointError")
