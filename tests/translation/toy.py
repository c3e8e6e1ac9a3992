"""A language of twelve words with a translation that a tiny network learns in seconds."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

WORDS = {
    "ba": "nul", "de": "een", "fi": "twee", "go": "drie", "hu": "vier", "ka": "vijf",
    "lo": "zes", "mi": "zeven", "na": "acht", "pe": "negen", "ru": "tien", "so": "elf",
}  # fmt: skip


def sentences(count: int, seed: int = 0, longest: int = 5) -> list[tuple[str, str]]:
    """Pairs: words, and their translations, word by word."""
    generator = random.Random(seed)
    made = []
    for _ in range(count):
        words = generator.choices(list(WORDS), k=generator.randint(1, longest))
        made.append((" ".join(words), " ".join(WORDS[word] for word in words)))
    return made


def write_pairs(folder: Path, count: int = 600, seed: int = 0) -> tuple[Path, Path]:
    """Two text files, line by line."""
    folder.mkdir(parents=True, exist_ok=True)
    pairs = sentences(count, seed)
    files = folder / "toy.en", folder / "toy.nl"
    for file, side in zip(files, zip(*pairs, strict=True), strict=True):
        file.write_text("".join(f"{text}\n" for text in side), encoding="utf-8")
    return files


def recipe(folder: Path, steps: int = 150, **changes: Any) -> dict[str, Any]:
    """A recipe that learns the language."""
    source, target = write_pairs(folder)
    document: dict[str, Any] = {
        "name": "toy",
        "task": "translation",
        "data": {
            "name": "parallel_text",
            "source_language": "en",
            "target_language": "nl",
            "source": str(source),
            "target": str(target),
            "vocabulary": 340,
            "placeholders": 0,
        },
        "split": {"train": 0.9, "validation": 0.1, "test": 0.0},
        "generator": {
            "name": "marian",
            "width": 32,
            "hidden": 64,
            "encoder_layers": 1,
            "decoder_layers": 1,
            "heads": 2,
            "dropout": 0.0,
        },
        "discriminators": {},
        "terms": [{"name": "cross_entropy", "target": "target", "average": "token"}],
        "optimizer": {"generator": {"name": "adam", "lr": 1e-2, "beta1": 0.9, "beta2": 0.98}},
        "ema": {"half_life": 200},
        "trainer": {
            "steps": steps,
            "batch_tokens": 256,
            "clip_gradient": 1.0,
            "samples_every": None,
            "best_metric": "bleu",
            "best_is": "highest",
        },
        "engine": {"device": "cpu", "precision": "float32"},
        "report": {"trackers": [], "evaluation_samples": 60},
    }
    for path, value in changes.items():
        section, _, name = path.partition("__")
        document[section] = {**document[section], name: value} if name else value
    return document
