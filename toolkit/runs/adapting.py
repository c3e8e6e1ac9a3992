"""Going on with a translator on new files in one call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.config import build, load_recipe
from toolkit.engine.files import atomic_write
from toolkit.engine.models import locate_model, read_model
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.runs.assemble import open_recipe
from toolkit.runs.folder import RunFolder
from toolkit.runs.models import load
from toolkit.runs.training import resume, train
from toolkit.translation.adapting import compare_domains, plan_adaptation

REPORT = "adaptation.json"


def adapt(
    model: str | Path,
    files: Sequence[str | Path],
    out: str | Path,
    overrides: Sequence[str] = (),
    *,
    old: Sequence[str | Path] | None = None,
    share: float = 0.3,
    quiet: bool = False,
    say: Callable[[str], object] = print,
) -> dict[str, Any]:
    """Train a translator further on sentences of another kind, and measure what it won and what it forgot.

    Called again with the same run folder, it goes on.

    Args:
        model: a run, a model folder, or the name of a model.
        files: two text files whose lines belong together, or one that holds both sides.
        out: the run folder.
        overrides: `a.b=value` texts; they win over what is chosen.
        old: files with sentences of the old kind, like `files`; by default the data of the model's own recipe.
        share: of old pairs in training; 0 mixes none in.
        quiet: no progress bar.
        say: is called with every line that the user should read.

    Returns:
        See `toolkit.translation.adapting.compare_domains`; with `run`. The same is written to `adaptation.json`.

    Raises:
        CheckpointError: there is no such model, it is no translator, or the folder holds another run.
        DataError: the files, or the old ones that were named, cannot be read or hold too little.
    """
    folder = RunFolder(Path(out))
    name = str(Path(model).absolute()) if Path(model).is_dir() else str(model)
    begun = read_model(locate_model(name))
    if begun.config.get("pipeline") != "translation":
        raise CheckpointError(f"{model} is no translator", "toolkit models lists which models are")
    if folder.started():
        recipe = folder.recipe(list(overrides))
        if recipe.start != name or recipe.data.get("name") != "two_domains":
            raise CheckpointError(f"{folder.path} already holds a run of something else", "choose another --out")
        say(f"going on with {folder.path}")
        resume(folder.path, overrides, quiet=quiet)
    else:
        places = [Path(file).expanduser().absolute() for file in files]
        remembered = None if old is None else _described(begun.config.get("languages"), old, name)
        plan = plan_adaptation(begun, name, places, remembered, share)
        document = plan.document if old is not None else _with_reachable_old(plan.document, share, say)
        recipe = load_recipe(document, list(overrides))
        for reason in plan.reasons:
            say(f"  {reason}")
        if document["data"]["old"] is not None:
            say(f"  {share:.0%} of the training pairs are old ones, so that the model does not forget what it could")
        train(recipe, folder.path, quiet=quiet)
    opened = open_recipe(folder.recipe())
    found = compare_domains(load(name), load(folder.path), opened.splits["test"])
    report = {"run": str(folder.path), "start": name, **found}
    atomic_write(folder.path / REPORT, (json.dumps(report, indent=2) + "\n").encode())
    return report


def _described(languages: Any, files: Sequence[str | Path], segmentation: str) -> dict[str, Any]:
    """A data set of the files."""
    places = [str(Path(file).expanduser().absolute()) for file in files]
    given = {"source": places[0], "target": places[1]} if len(places) == 2 else {"pairs": places[0]}
    source, target = languages
    return {
        "name": "parallel_text",
        "source_language": source,
        "target_language": target,
        **given,
        "segmentation": segmentation,
    }


def _with_reachable_old(document: Mapping[str, Any], share: float, say: Callable[[str], object]) -> dict[str, Any]:
    """The recipe without the old data, and a word about it, where they are not here."""
    data = dict(document["data"])
    if share == 0:
        return {**document, "data": {**data, "old": None}}
    try:
        build("datasets", data["old"], "the model's own data")
    except ToolkitError as error:
        say(
            f"note: the model's own data cannot be had ({error.message}): none of it is mixed in, and what is forgotten"
        )
        say("      cannot be measured; --old-source and --old-target, or --old-pairs, give sentences of the old kind")
        return {**document, "data": {**data, "old": None}}
    return {**document, "data": data}
