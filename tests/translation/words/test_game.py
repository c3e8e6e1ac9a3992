"""The game about words: it finds a hidden rotation, few pairs help it, and its model translates words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toolkit
from toolkit.config import build
from toolkit.data.digits import Digits
from toolkit.errors import CheckpointError, ConfigError, DataError, ToolkitError
from toolkit.translation.words.data import BilingualWords
from toolkit.translation.words.game import WordAlignmentTask

COUNT, SIZE = 300, 4


def write(folder: Path) -> dict[str, Any]:
    """Lopsided clouds of vectors, one the other turned: by their form alone they can be laid over each other."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    vectors = generator.gamma(0.6, size=(COUNT, SIZE)) * np.array([2.0, 1.4, 0.9, 0.5])
    angle = generator.normal(size=(SIZE, SIZE)) * 0.35
    left, _, right = np.linalg.svd(np.eye(SIZE) + angle - angle.T)
    matrix = left @ right
    names = [["".join(letters)] for letters in zip(*[iter("abcdefghijklmnopqrstuvwxyz" * 60)] * 5, strict=True)]
    words = [f"{name[0]}{number}" for number, name in enumerate(names[:COUNT])]
    for file, prefix, rows in (("a.vec", "x", vectors), ("b.vec", "y", vectors @ matrix.T)):
        lines = [f"{prefix}{word} {' '.join(f'{v:.5f}' for v in row)}" for word, row in zip(words, rows, strict=True)]
        (folder / file).write_text(f"{COUNT} {SIZE}\n" + "\n".join(lines) + "\n")
    (folder / "answers.txt").write_text("".join(f"x{word} y{word}\n" for word in words))
    return {
        "name": "bilingual_words", "source_language": "en", "target_language": "de", "source": str(folder / "a.vec"),
        "target": str(folder / "b.vec"), "dictionary": str(folder / "answers.txt"),
    }  # fmt: skip


def recipe(folder: Path, steps: int, **changes: Any) -> dict[str, Any]:
    return {
        "name": "words",
        "task": "word_alignment",
        "data": {**write(folder), **changes},
        "split": {"train": 0.9, "validation": 0.1, "test": 0.0},
        "generator": "rotation",
        "discriminator": {"name": "state_mlp", "hidden": 64, "layers": 2, "dropout": 0.0},
        "loss": "non_saturating",
        "penalties": [{"name": "r1", "weight": 0.1}],
        "optimizer": {
            "generator": {"name": "adam", "lr": 3e-3, "beta1": 0.0, "beta2": 0.99},
            "discriminator": {"name": "adam", "lr": 3e-3, "beta1": 0.0, "beta2": 0.99},
        },
        "ema": None,
        "trainer": {
            "steps": steps, "batch_size": 128, "samples_every": None, "evaluate_every": 50,
            "best_metric": "mean_cosine", "best_is": "highest",
        },
        "engine": {"precision": "float32", "device": "cpu"},
    }  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("words")
    toolkit.train(recipe(folder / "data", 400), folder / "run", quiet=True)
    return folder / "run"


def test_the_game_finds_a_rotation_that_nobody_told_it(run: Path) -> None:
    source = BilingualWords(**{key: value for key, value in write(run.parent / "data").items() if key != "name"})
    task = WordAlignmentTask(refinements=0)
    task.open(source)
    untrained = build("generators", {"name": "rotation", "dimension": SIZE})
    nothing: Any = {"extractor": None, "metrics": [], "samples": 0, "seed": 0, "device": None}
    before = task.measure(untrained, source, None, **nothing)
    after = task.measure(toolkit.load(run).network, source, None, **nothing)
    assert before["precision_1"] < 0.3
    assert after["mapped_precision_1"] > before["precision_1"] + 0.3
    translated = toolkit.evaluate(run, split="validation")["metrics"]
    assert translated["precision_1"] > 0.9, "refined, nearly all of them"


def test_its_model_translates_words_and_writes_both_spaces_as_one(run: Path, tmp_path: Path) -> None:
    pipeline = toolkit.load(run)
    words = pipeline.ours.words[:40]
    found = pipeline.translate(words, n_best=2)
    assert sum(one[0].word[1:] == word[1:] for word, one in zip(words, found, strict=True)) > 34
    assert all(one[0].likeness >= one[1].likeness for one in found)
    assert len(pipeline.dictionary()) > 250
    files = pipeline.write_vectors(tmp_path / "out")
    again = BilingualWords("en", "de", str(files[0]), str(files[1]))
    distance = np.linalg.norm(again.ours.vectors - again.theirs.vectors, axis=1)
    assert np.median(distance) < 0.1
    with pytest.raises(ToolkitError, match="'nosuchword' has no vector"):
        pipeline.translate(["nosuchword"])


def test_a_damaged_model_is_named(run: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copytree(run / "model", tmp_path / "model")
    (tmp_path / "model" / "words.safetensors").write_bytes(b"no")
    with pytest.raises(CheckpointError, match=r"words\.safetensors"):
        toolkit.load(tmp_path / "model")


def test_seeds_are_learned_from_and_not_measured(tmp_path: Path) -> None:
    data = write(tmp_path)
    answers = (tmp_path / "answers.txt").read_text().splitlines()
    (tmp_path / "seeds.txt").write_text("\n".join(answers[:12]) + "\n")
    given = {key: value for key, value in data.items() if key != "name"}
    source = BilingualWords(**given, seeds=str(tmp_path / "seeds.txt"))
    assert source.known.shape == (12, 2)
    assert len(source.answers) == COUNT - 12
    document = recipe(tmp_path, 150, seeds=str(tmp_path / "seeds.txt"))
    del document["discriminator"]
    document |= {"discriminators": {}, "terms": [{"name": "seed_pairs"}], "penalties": []}
    document["optimizer"]["generator"]["lr"] = 2e-2
    toolkit.train(document, tmp_path / "run", quiet=True)
    found = toolkit.evaluate(tmp_path / "run", split="validation")["metrics"]
    assert found["mapped_precision_1"] > 0.8


def test_words_that_are_spelt_alike_can_be_seeds(tmp_path: Path) -> None:
    for name, words in (("a.vec", "park ball two hand"), ("b.vec", "park zwei hand two")):
        rows = [f"{word} {place + 1} {place * place - 1}" for place, word in enumerate(words.split())]
        (tmp_path / name).write_text(f"4 2\n{chr(10).join(rows)}\n")
    files = (str(tmp_path / "a.vec"), str(tmp_path / "b.vec"))
    source = BilingualWords("en", "de", *files, seeds="identical")
    assert [(source.ours.words[one], source.theirs.words[other]) for one, other in source.known] == [
        ("park", "park"),
        ("hand", "hand"),
    ], "'two' is too short to mean the same by its spelling"


def test_bad_input_is_told_in_words(tmp_path: Path) -> None:
    data = write(tmp_path)
    (tmp_path / "c.vec").write_text("2 3\none 1 2 3\ntwo 2 1 3\n")
    files = {"source_language": "en", "target_language": "de", "source": data["source"]}
    with pytest.raises(DataError, match="they must be alike"):
        BilingualWords(**files, target=str(tmp_path / "c.vec"))
    with pytest.raises(DataError, match="no such pair of words has vectors on both sides"):
        BilingualWords(**files, target=data["target"], seeds="identical")
    with pytest.raises(ConfigError, match=r"data\.window: is 0"):
        BilingualWords(**files, target=data["target"], window=0)
    with pytest.raises(DataError, match="the data has none"):
        WordAlignmentTask().open(Digits())
