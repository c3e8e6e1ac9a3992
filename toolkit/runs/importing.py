"""Models of other programs, as model folders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import toolkit
from toolkit.engine.files import atomic_folder
from toolkit.engine.foreign import ImportedModel, Importer, read_state
from toolkit.engine.models import save_model
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.registry import REGISTRY
from toolkit.runs.models import load


def import_model(layout: str, file: str | Path, out: str | Path, *, entry: str | None = None) -> dict[str, Any]:
    """Write the weights of another program as a model folder, which is loaded once before it is handed out.

    Args:
        layout: name of the importer; `toolkit list importers` shows them.
        file: a safetensors file, or one that `torch.save` wrote.
        out: the folder to write.
        entry: the part of the file that holds the weights, where there are several.

    Returns:
        The folder, the pipeline, the network's spec, and the number of parameters.

    Raises:
        UnknownPartError: there is no such importer.
        ToolkitError: the folder exists.
        CheckpointError: the file cannot be read, or has another layout.
    """
    file, out = Path(file), Path(out)
    convert: Importer = REGISTRY.load("importers", layout)
    if out.exists():
        raise ToolkitError(f"{out} exists already", "choose another folder, or remove it")
    state = read_state(file, entry)
    try:
        imported = convert(state)
    except CheckpointError as error:
        raise CheckpointError(f"{file} is not in the layout '{layout}': {error.message}", error.way_out) from error
    config = {
        **imported.config,
        "toolkit": toolkit.__version__,
        "imported": {"importer": layout, "file": file.name},
    }
    with atomic_folder(out) as folder:
        save_model(folder, imported.weights, config, _card(out, imported, file), imported.files)
        pipeline = load(folder, device="cpu")
    count = sum(parameter.numel() for parameter in pipeline.module.parameters())
    return {
        "model": str(out),
        "pipeline": config["pipeline"],
        "generator": config.get("generator"),
        "parameters": count,
    }


def _card(out: Path, imported: ImportedModel, file: Path) -> str:
    count = sum(tensor.numel() for tensor in imported.weights.values() if tensor.is_floating_point())
    return (
        f"# {out.name}\n\n"
        f"Imported by adversarial-toolkit {toolkit.__version__} from `{file.name}`: {imported.origin}, "
        f"{count:,} numbers.\n\n"
        'Load it with `toolkit.load("FOLDER")`. What it was trained on and the terms of use are those of its authors.\n'
    )
