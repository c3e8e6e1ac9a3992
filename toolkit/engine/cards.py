"""Model cards: Markdown for people, and facts for programs at its head, as the Hugging Face Hub has them.

    ---
    license: mit
    library_name: adversarial-toolkit
    pipeline_tag: unconditional-image-generation
    datasets: [Fashion-MNIST]
    recipe: image/fashion_mnist
    results: {frechet_distance: 0.26}
    ---
    # fashion-mnist
    ...

Imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from toolkit.config.yaml import dump_yaml, parse_yaml
from toolkit.engine.files import sha256
from toolkit.engine.shelf import CARD, WEIGHTS, read_config

_FENCE = "---\n"


@dataclass(frozen=True, slots=True)
class Card:
    """A model card.

    Attributes:
        text: Markdown, without the facts.
        facts: what stands at its head: `license`, `datasets`, `recipe`, `results`, ...; empty where nothing does.
    """

    text: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str, name: str = "the card") -> Card:
        """Take a card apart.

        Raises:
            ConfigError: the facts are no YAML.
        """
        if not text.startswith(_FENCE) or f"\n{_FENCE}" not in text[len(_FENCE) - 1 :]:
            return cls(text)
        facts, _, rest = text[len(_FENCE) :].partition(f"\n{_FENCE}")
        return cls(rest.lstrip("\n"), parse_yaml(facts, name))

    def __str__(self) -> str:
        return f"{_FENCE}{dump_yaml(dict(self.facts))}{_FENCE}{self.text}" if self.facts else self.text


def read_card(folder: Path) -> Card:
    """The card of a model folder; an empty one where it has none.

    Raises:
        ConfigError: its facts are no YAML.
    """
    file = folder / CARD
    return Card.parse(file.read_text(encoding="utf-8"), str(file)) if file.is_file() else Card("")


def summary(folder: Path, name: str | None = None) -> dict[str, Any]:
    """What a list of models says about one, in values JSON knows.

    Args:
        folder: the model folder.
        name: what it is called; the folder's name by default.

    Returns:
        `name`, `task` (the pipeline it is loaded as), `bytes` of all its files, `license`, `data`, `recipe`, `results`
        by metric, `sha256` of the weights and the `folder`.

    Raises:
        CheckpointError: the folder is no model.
        ConfigError: the facts of its card are no YAML.
    """
    config, facts = read_config(folder), read_card(folder).facts
    weights = folder / WEIGHTS
    return {
        "name": name or folder.name,
        "task": config.get("pipeline"),
        "bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        "license": facts.get("license"),
        "data": facts.get("datasets", []),
        "recipe": facts.get("recipe"),
        "results": facts.get("results", {}),
        "sha256": sha256(weights) if weights.is_file() else None,
        "folder": str(folder),
    }
