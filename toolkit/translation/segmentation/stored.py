"""A segmenter as files: what `transformers.MarianTokenizer` needs, and `segmenter.json` for what it does not know."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.engine.files import atomic_write
from toolkit.errors import CheckpointError, ConfigError, ToolkitError
from toolkit.translation.segmentation.settings import SegmenterSettings, Side

SETTINGS_FILE = "segmenter.json"
VOCABULARY_FILE = "vocab.json"
MODEL_FILES: dict[Side, str] = {"source": "source.spm", "target": "target.spm"}
_FORMAT = 1
_WAY_OUT = "copy the whole model folder again, or train the model again; files of two models do not mix"


def fingerprint(models: Mapping[Side, bytes], vocabulary: Mapping[str, int], settings: SegmenterSettings) -> str:
    """SHA-256 over models, vocabulary and settings, in hexadecimal."""
    digest = hashlib.sha256()
    for side in MODEL_FILES:
        digest.update(hashlib.sha256(models[side]).digest())
    document = {"vocabulary": dict(vocabulary), "settings": settings.to_document()}
    digest.update(json.dumps(document, sort_keys=True).encode())
    return digest.hexdigest()


def save(
    folder: Path, models: Mapping[Side, bytes], vocabulary: Mapping[str, int], settings: SegmenterSettings
) -> None:
    """Write the files, each whole or not at all; the folder is made when it is missing."""
    folder = Path(folder)
    for side, name in MODEL_FILES.items():
        atomic_write(folder / name, models[side])
    atomic_write(folder / VOCABULARY_FILE, _text(dict(vocabulary)))
    tokenizer = {
        "tokenizer_class": "MarianTokenizer",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "<pad>",
        "separate_vocabs": False,
        "clean_up_tokenization_spaces": False,  # would take the space out of "n' t" and before "?"
        "model_max_length": 512,
    }
    atomic_write(folder / "tokenizer_config.json", _text(tokenizer))
    known = fingerprint(models, vocabulary, settings)
    atomic_write(
        folder / SETTINGS_FILE, _text({"format": _FORMAT, "fingerprint": known, "settings": settings.to_document()})
    )


def read(folder: Path) -> tuple[bytes, bytes, SegmenterSettings, str]:
    """The models of both languages, the settings and the stored fingerprint.

    Raises:
        CheckpointError: a file is missing or damaged.
    """
    folder = Path(folder)
    document = _json(folder / SETTINGS_FILE)
    if document.get("format") != _FORMAT or not isinstance(document.get("fingerprint"), str):
        raise CheckpointError(
            f"{folder / SETTINGS_FILE} has the format {document.get('format')!r}; this version reads {_FORMAT}",
            "load it with the version of the toolkit that wrote it",
        )
    try:
        settings = SegmenterSettings.from_document(document.get("settings", {}), str(folder / SETTINGS_FILE))
    except ConfigError as error:
        raise CheckpointError(error.message, _WAY_OUT) from error
    models = [_bytes(folder / name) for name in MODEL_FILES.values()]
    return models[0], models[1], settings, document["fingerprint"]


def check(folder: Path, vocabulary: Mapping[str, int], found: str, stored: str, expected: str | None = None) -> None:
    """Check that the files of a folder belong together, and to the weights.

    Args:
        folder: where they are.
        vocabulary: what the sentencepiece models give.
        found: the fingerprint of what was loaded.
        stored: the one in `segmenter.json`.
        expected: the one that the weights belong to, if known.

    Raises:
        CheckpointError: they do not; the message says which file.
    """
    file = Path(folder) / VOCABULARY_FILE
    listed = _json(file)
    if listed != vocabulary:
        missing = sorted(set(vocabulary) - set(listed))[:3]
        detail = f"it has {len(listed)} pieces, the sentencepiece models {len(vocabulary)}"
        if len(listed) == len(vocabulary):
            detail = f"it lacks {missing}" if missing else "it has the same pieces in another order"
        raise CheckpointError(f"{file} is the vocabulary of another model: {detail}", _WAY_OUT)
    if found != stored:
        names = " or ".join(MODEL_FILES.values())
        raise CheckpointError(f"{folder}: {names} is not the file that {SETTINGS_FILE} was written with", _WAY_OUT)
    if expected is not None and found != expected:
        raise CheckpointError(
            f"{folder}: the weights were trained with another vocabulary ({expected[:12]} instead of {found[:12]})",
            _WAY_OUT,
        )


def require_same(mine: str, other: str, ours: str, theirs: str) -> None:
    """Check that two fingerprints are equal.

    Raises:
        ToolkitError: they are not.
    """
    if mine != other:
        raise ToolkitError(
            f"{ours} and {theirs} have different vocabularies ({mine[:12]}, {other[:12]}): the same number means "
            "another piece",
            f"use two models that were trained with one vocabulary, or train one of them again with that of {ours}",
        )


def damaged(folder: Path, error: ToolkitError) -> CheckpointError:
    """What to say when the files cannot be put together."""
    return CheckpointError(f"the vocabulary in {folder} cannot be used: {error.message}", _WAY_OUT)


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{file} cannot be read: {error.strerror}", _WAY_OUT) from error


def _json(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(_bytes(file).decode())
    except (ValueError, RecursionError) as error:
        raise CheckpointError(f"{file} is damaged: {error}", _WAY_OUT) from error
    if not isinstance(document, dict):
        raise CheckpointError(f"{file} is damaged: it holds no names with values", _WAY_OUT)
    return document
