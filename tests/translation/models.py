"""A small translator that has learned its language, trained once in a session, for tests that use a model."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import toolkit
from tests.translation.toy import WORDS, recipe

KEPT = ("%s", "%d", "{name}", "<b>", "</b>", "https://example.org")


def toy_pairs(count: int, seed: int = 0) -> list[tuple[str, str]]:
    """Words and their translations, word by word, some with a placeholder, a full stop or both."""
    generator = random.Random(seed)
    made = []
    for _ in range(count):
        words: list[str] = generator.choices(list(WORDS), k=generator.randint(1, 5))
        for kept in generator.sample(KEPT, k=generator.choice((0, 0, 1, 2))):
            words.insert(generator.randint(0, len(words)), kept)
        end = generator.choice(("", "."))
        made.append((" ".join(words) + end, " ".join(WORDS.get(word, word) for word in words) + end))
    return made


@pytest.fixture(scope="session")
def translator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with the toy language from `en` into `nl`; read it, and copy it before you change it."""
    for name in ("transformers", "sentencepiece", "sacrebleu"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("translator")
    document = recipe(folder / "data", 500, data__placeholders=4, data__longest=64, trainer__batch_tokens=512)
    # Wide enough for any processor: at half the width, one that rounds differently missed every tenth sentence.
    document["generator"] |= {"longest": 64, "width": 64, "hidden": 128}
    document["optimizer"]["generator"]["lr"] = 6e-3
    for side, file in enumerate((folder / "data" / "toy.en", folder / "data" / "toy.nl")):
        file.write_text("".join(f"{pair[side]}\n" for pair in toy_pairs(2000)), encoding="utf-8")
    toolkit.train(document, folder / "run", quiet=True)
    return folder / "run" / "model"
