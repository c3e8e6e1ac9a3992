"""Finding models: shipped ones by name, others by folder, those of the Hugging Face Hub by address. No torch here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolkit.engine import hub
from toolkit.errors import CheckpointError, nearest

FORMAT = 1
WEIGHTS = "model.safetensors"
CONFIG = "config.json"
CARD = "README.md"

SHIPPED = Path(__file__).resolve().parent.parent / "pretrained"
"""Models that come with the toolkit, one folder each."""


def shipped_models() -> list[str]:
    """Names of the models that come with the toolkit."""
    return sorted(file.parent.name for file in SHIPPED.glob(f"*/{CONFIG}"))


def locate_model(name: str | Path) -> Path:
    """The folder of a model.

    Args:
        name: a run folder, a model folder, the name of a model that comes with the toolkit, or `hf://OWNER/NAME` for
            one of the Hugging Face Hub (`hf://OWNER/NAME@REVISION` for a certain version), which is downloaded once.

    Raises:
        CheckpointError: there is no such thing, or the run has not written its model yet.
        MissingExtraError: the Hub was asked for, and huggingface_hub is not installed.
    """
    address = hub.address(name)
    if address is not None:
        return hub.download(address, needed=CONFIG)
    path = Path(name)
    for candidate in (path / "model", path, SHIPPED / path):
        if (candidate / CONFIG).is_file():
            return candidate
    if path.is_dir():
        raise CheckpointError(
            f"{path} holds no model: neither {path / 'model' / CONFIG} nor {path / CONFIG} is there",
            f"if it is a run that was cut short, `toolkit resume {path}` writes its model",
        )
    raise CheckpointError(
        f"there is no run or model at {path}, nor a shipped model of that name; {nearest(str(name), shipped_models())}"
    )


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a model folder, without its weights.

    Raises:
        CheckpointError: it is missing, broken, or a newer version of the toolkit wrote it.
    """
    path = folder / CONFIG
    try:
        config = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(f"{path}: there is no such file", "name the folder that holds config.json") from None
    except ValueError as error:
        raise CheckpointError(f"{path} is not valid JSON: {error}", "copy it again from where it came from") from error
    if not isinstance(config, dict) or not isinstance(config.get("format"), int):
        raise CheckpointError(f"{path} does not describe a model of this toolkit: it has no number 'format'")
    if config["format"] > FORMAT:
        raise CheckpointError(
            f"{path} has model format {config['format']}; this version reads up to {FORMAT}", "update the toolkit"
        )
    return config
