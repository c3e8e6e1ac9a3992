"""The contracts of tasks, and of the pipelines that users get their models as."""

from __future__ import annotations

import json
import tempfile
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from toolkit.adversarial.estimators import Draw, StraightThrough
from toolkit.adversarial.types import Batch, GeneratorOutput
from toolkit.config import build
from toolkit.data.loader import Loader, evaluation_batches
from toolkit.data.source import Source
from toolkit.engine.models import read_model, save_model
from toolkit.engine.randomness import Noise
from toolkit.errors import CheckpointError
from toolkit.metrics.base import FewSamplesWarning
from toolkit.registry import REGISTRY
from toolkit.testing.material import BATCH, noise, picture_source, same, seeded
from toolkit.testing.networks import batch_coupled
from toolkit.testing.subject import PartLike, Subject

_SMALL = {"name": "dcgan", "width": 8, "latent": 8, "norm": "none"}
_CPU = torch.device("cpu")


def check_task(
    part: PartLike,
    /,
    *,
    source: Source | None = None,
    generator: str | Mapping[str, Any] | None = None,
    extractor: str | Mapping[str, Any] = "pixels",
    **overrides: Any,
) -> None:
    """The contract of a task.

    * `open` gives exactly the context values that `provides` names; `pipeline` and `default_metrics` are registered;
    * `generate` gives one output per sample, a function of batch and keyed noise, each sample independent of its batch
      unless the network has batch statistics, with a gradient for all of the generator, through the data or `extra`;
    * `real` has the form of what is generated, and the precision that `open` was told; `condition` has one entry per
      sample, or is `None`;
    * `transform`, where there is one, keeps a sample's names and shapes;
    * `preview` writes a file or nothing, `measure` gives numbers by name, `model_config` is plain JSON.

    Args:
        part: registered name, or class; buildable from its defaults and the overrides.
        source: small data of the modality; labelled pictures when left out.
        generator: spec of a generator that the task can train; a small DCGAN when left out.
        extractor: spec of the extractor to measure with.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("tasks", part, overrides)
    subject.check_signature()
    source = picture_source() if source is None else source
    task: Any = subject.build()
    for kind, names in (("pipelines", (task.pipeline,)), ("metrics", task.default_metrics)):
        known = {found.name for found in REGISTRY.parts(kind)}
        subject.must(set(names) <= known, f"names {kind} that are registered: {set(names) - known} are not")
    for dtype in (torch.float64, torch.float32):
        _check_game(subject, task, source, generator or _SMALL, dtype)
    _check_transform(subject, task, source)
    network = _network(subject, task, source, generator or _SMALL, torch.float32).eval()
    _check_looking(subject, task, source, network, extractor)


def _network(
    subject: Subject, task: Any, source: Source, spec: str | Mapping[str, Any], dtype: torch.dtype
) -> nn.Module:
    with subject.rule("opens its data"):
        given = task.open(source, dtype)
    rule = f"gives from open() what `provides` names: {set(task.provides)}, got {set(given)}"
    subject.must(set(given) == set(task.provides), rule)
    with seeded(), subject.rule("provides what the generator needs"):
        network: nn.Module = build("generators", spec, "generator", **given)
    return network.to(dtype)


def _check_game(subject: Subject, task: Any, source: Source, spec: str | Mapping[str, Any], dtype: torch.dtype) -> None:
    network = _network(subject, task, source, spec, dtype)
    batch = next(iter(evaluation_batches(source, BATCH)))

    def generate(some: Batch, source_of_noise: Noise) -> GeneratorOutput:
        output: GeneratorOutput = task.generate(network, some, Draw(source_of_noise, StraightThrough()))
        return output

    with subject.rule("generates for a batch"):
        output = generate(batch, noise())
    subject.must(isinstance(output, GeneratorOutput), f"returns a GeneratorOutput, not {type(output).__name__}")
    data = output.data
    subject.must(len(data) == BATCH and data.isfinite().all(), "gives a finite output for every sample")
    subject.must(data.dtype == dtype, f"generates in the precision of the network, {dtype}, not {data.dtype}")
    spoken = [data, *(tensor for tensor in (output.extra or {}).values() if tensor.requires_grad)]
    with subject.rule("lets the gradient through to the generator"):
        torch.stack([tensor.square().sum() for tensor in spoken]).sum().backward()  # type: ignore[no-untyped-call]
    reached = all(parameter.grad is not None for parameter in network.parameters())
    subject.must(reached, "trains every parameter of the generator")
    again = generate(batch, noise()).data
    subject.must(torch.equal(again, data), "generates the same from the same batch and noise")
    if not batch_coupled(network):
        first = {name: column[:2] for name, column in batch.items()}
        part = generate(first, noise().part(0, 2)).data
        subject.must(same(part, data[:2]), "generates for a sample the same in a micro-batch")
    real: Tensor | None = task.real(batch)
    if real is not None:
        rule = f"gives real data in the form of what is generated, {list(data.shape)}, not {list(real.shape)}"
        subject.must(real.shape == data.shape, rule)
        subject.must(real.dtype == dtype, f"gives real data in the precision that open() was told: {dtype}")
    condition = task.condition(batch)
    subject.must(condition is None or len(condition) == BATCH, "gives one condition per sample, or none")


def _check_transform(subject: Subject, task: Any, source: Source) -> None:
    transform = task.transform()
    if transform is None:
        return
    plain, changed = (Loader(source, BATCH, 0, transform=item, prefetch=0).batch(0) for item in (None, transform))
    forms = [{name: column.shape for name, column in batch.items()} for batch in (plain, changed)]
    kept = forms[0].items() <= forms[1].items()
    subject.must(kept, "has a transform that keeps a sample's names and shapes; it may add others")


def _check_looking(subject: Subject, task: Any, source: Source, network: nn.Module, extractor: Any) -> None:
    metrics = [build("metrics", name) for name in task.default_metrics]
    with tempfile.TemporaryDirectory() as folder, subject.rule("writes a preview, or nothing"):
        task.preview(network, source, Path(folder) / "preview.png", count=4, seed=0, device=_CPU)
    with warnings.catch_warnings(), subject.rule("measures a network"):
        warnings.simplefilter("ignore", FewSamplesWarning)  # only the form of the numbers is of interest
        values = task.measure(
            network,
            source,
            None,
            extractor=build("extractors", extractor),
            metrics=metrics,
            samples=len(source),
            seed=0,
            device=_CPU,
        )
    numbers = all(isinstance(name, str) and isinstance(value, float) for name, value in values.items())
    subject.must(values and numbers, f"gives numbers by name, got {values}")
    with subject.rule("describes its model in plain JSON"):
        json.dumps(task.model_config(network))


def check_pipeline(
    part: PartLike,
    /,
    *,
    generator: Mapping[str, Any],
    config: Mapping[str, Any] | None = None,
    files: Mapping[str, bytes] | None = None,
    use: Callable[[Any], Any] | None = None,
) -> None:
    """The contract of a pipeline.

    * `from_folder` builds it from a model folder alone: its network has the folder's weights, is in evaluation mode and
      needs no gradients; a weight that is missing is an error (`CheckpointError`);
    * it says its `modality`, keeps the model's `config`, and gives `example_inputs` that its `module` takes, for
      exports;
    * two pipelines of one folder do the same.

    Args:
        part: registered name, or class.
        generator: complete spec of the network in the model.
        config: what else the model's `config.json` holds, e.g. `classes`.
        files: further files of the model, by name.
        use: does with a pipeline what users do, and returns something that can be compared with `==`.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("pipelines", part, {})
    subject.check_signature()
    with seeded():
        network: nn.Module = build("generators", dict(generator))
    described = {"pipeline": subject.name, "generator": dict(generator), **(config or {})}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "model"
        save_model(folder, network.state_dict(), described, "# A model for a test\n", files or {})
        pipelines = [_loaded(subject, folder) for _ in range(2)]
        _check_loaded(subject, pipelines[0], network)
        outputs = [_first(pipeline.module(*pipeline.example_inputs().values())).shape for pipeline in pipelines]
        subject.must(outputs[0] == outputs[1], "runs its module on its example inputs")
        if use is not None:
            with subject.rule("can be used"):
                results = [use(pipeline) for pipeline in pipelines]
            subject.must(results[0] == results[1], "does the same whenever the folder is loaded")
        weights = dict(list(network.state_dict().items())[1:])
        save_model(folder, weights, described, "# A damaged model for a test\n", files or {})
        try:
            subject.part.from_folder(read_model(folder), _CPU)  # type: ignore[attr-defined]
        except CheckpointError:
            return
        subject.must(False, "refuses a model without one of its weights, with a CheckpointError")


def _first(output: Any) -> Any:
    """What a network gives; of several things, the first, also where they have names."""
    if isinstance(output, Mapping):
        return next(iter(output.values()))
    return output[0] if isinstance(output, tuple) else output


def _loaded(subject: Subject, folder: Path) -> Any:
    with subject.rule("can be built from a model folder: from_folder(model, device)"):
        return subject.part.from_folder(read_model(folder), _CPU)  # type: ignore[attr-defined]


def _check_loaded(subject: Subject, pipeline: Any, network: nn.Module) -> None:
    subject.must(isinstance(getattr(pipeline, "modality", None), str), "says its modality")
    subject.must(isinstance(getattr(pipeline, "config", None), Mapping), "keeps the model's config")
    module = pipeline.module
    subject.must(not module.training, "has its network in evaluation mode")
    subject.must(not any(item.requires_grad for item in module.parameters()), "has a network without gradients")
    found = module.state_dict()
    alike = all(torch.equal(found[name], value) for name, value in network.state_dict().items())
    subject.must(alike, "has the weights of the folder")
    inputs = pipeline.example_inputs()
    named = isinstance(inputs, dict) and all(isinstance(value, Tensor) for value in inputs.values())
    subject.must(named and inputs, "gives example_inputs, tensors by name")
