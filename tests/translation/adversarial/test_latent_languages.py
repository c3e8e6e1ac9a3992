"""Encoder states that do not tell the language: what is drawn, what is judged, and that the game is won."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.translation.toy import WORDS, sentences, write_pairs
from toolkit.adversarial.estimators import Draw
from toolkit.config import build, load_recipe
from toolkit.data.sequences import padded
from toolkit.engine.randomness import Noise
from toolkit.errors import DataError
from toolkit.runs.assemble import open_recipe
from toolkit.runs.training import train
from toolkit.translation.adversarial.latent_languages import LatentLanguagesTask

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")
pytest.importorskip("sacrebleu")

NUMBERS = ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze"]
FRENCH = dict(zip(WORDS, NUMBERS, strict=True))


def document(folder: Path, steps: int, weight: float = 1.0) -> dict[str, Any]:
    """English and French into Dutch, few pairs of the latter; the last of them are held out."""
    source, target = write_pairs(folder, 300)
    pairs = sentences(160, 9)
    for name, part in (("few", pairs[:100]), ("held", pairs[100:])):
        rows = [(" ".join(FRENCH[word] for word in one.split()), other) for one, other in part]
        for side, ending in ((0, "fr"), (1, "nl")):
            (folder / f"{name}.{ending}").write_text("".join(f"{row[side]}\n" for row in rows), encoding="utf-8")
    french = {"source_language": "fr", "target_language": "nl"}
    return {
        "name": "toy",
        "task": "latent_languages",
        "data": {
            "name": "multilingual_text",
            "corpora": [
                {"source_language": "en", "target_language": "nl", "source": str(source), "target": str(target)},
                {**french, "source": str(folder / "few.fr"), "target": str(folder / "few.nl"), "split": "train"},
                {**french, "source": str(folder / "held.fr"), "target": str(folder / "held.nl"), "split": "validation"},
            ],
            "vocabulary": 360,
            "placeholders": 0,
        },
        "split": {"train": 1.0, "validation": 0.0, "test": 0.0},
        "generator": {
            "name": "marian", "width": 32, "hidden": 64, "encoder_layers": 1, "decoder_layers": 1, "heads": 2,
            "dropout": 0.0,
        },
        "discriminators": {"main": {"name": "state_mlp", "states": 32, "hidden": 32}},
        "loss": "non_saturating",
        "estimator": {"name": "pathwise", "weight": weight},
        "terms": [{"name": "cross_entropy", "target": "target", "average": "token"}],
        "optimizer": {
            "generator": {"name": "adam", "lr": 2e-3, "beta1": 0.5},
            "discriminator": {"name": "adam", "lr": 2e-3, "beta1": 0.5},
        },
        "trainer": {
            "steps": steps, "batch_tokens": 256, "samples_every": None, "evaluate_every": None, "log_every": steps,
        },
        "engine": {"precision": "float32", "device": "cpu"},
        "report": {"evaluation_samples": 20},
    }  # fmt: skip


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return open_recipe(load_recipe(document(tmp_path_factory.mktemp("languages"), 1)))


def batch_of(opened: Any, count: int = 8) -> dict[str, torch.Tensor]:
    transform, train_split = opened.task.transform(), opened.splits["train"]
    items = [
        transform(train_split[place * 37 % len(train_split)], np.random.default_rng(place)) for place in range(count)
    ]
    return padded(items, opened.task.pairs.padding)


def test_each_pair_comes_with_a_sentence_of_either_kind_and_none_is_held_out(opened: Any) -> None:
    pairs, transform = opened.task.pairs, opened.task.transform()
    held = {pairs.pair(place).source for place in range(len(pairs)) if pairs.split_of(place) == "validation"}
    french = set(FRENCH.values())
    train_split, own = opened.splits["train"], 0
    for place in range(0, len(train_split), 3):
        item = transform(train_split[place], np.random.default_rng(place))
        ours, theirs = (pairs.segmenter.decode(item[side]) for side in ("ours", "theirs"))
        assert set(ours.split()) <= set(WORDS)
        assert set(theirs.split()) <= french
        assert theirs not in held
        source = pairs.segmenter.decode(item["source"])
        own += source in (ours, theirs)
    assert own == len(range(0, len(train_split), 3)), "the pair's own source is always one of the two"


def test_states_of_both_kinds_have_one_width_and_do_not_depend_on_the_filling(opened: Any) -> None:
    torch.manual_seed(0)
    network = build("generators", opened.recipe.generator, "generator").train()
    batch = batch_of(opened)
    draw = Draw(Noise(0, 0, torch.arange(8)), None)
    theirs = opened.task.generate(network, batch, draw)
    ours = opened.task.real_from(network, batch, draw)
    assert theirs.data.shape == ours.shape
    assert torch.equal(theirs.data.abs().amax(-1) > 0, theirs.mask > 0)
    longer = {**batch, "ours": torch.nn.functional.pad(batch["ours"], (0, 3), value=opened.task.pairs.segmenter.pad_id)}
    again = opened.task.generate(network, longer, draw).data[:, : theirs.data.shape[1]]
    torch.testing.assert_close(again, theirs.data, atol=1e-5, rtol=1e-5)
    judge = build("discriminators", {"name": "state_mlp", "states": 32}).eval()
    wide = opened.task.generate(network, longer, draw).data
    torch.testing.assert_close(judge(wide).logits[0], judge(theirs.data).logits[0], atol=1e-5, rtol=1e-5)
    assert theirs.data.requires_grad


def test_the_game_makes_languages_harder_to_tell_apart(tmp_path: Path) -> None:
    values = {}
    for weight in (0.0, 3.0):
        run = train(document(tmp_path / str(weight), 150, weight), tmp_path / f"run{weight}", quiet=True)
        values[weight] = run.values["accuracy"]
    assert values[0.0] > 0.9, "left alone, an encoder tells languages apart"
    assert values[3.0] < values[0.0] - 0.1


def test_one_source_language_is_refused_in_words(tmp_path: Path) -> None:
    source, target = write_pairs(tmp_path, 40)
    pairs = build(
        "datasets",
        {
            "name": "parallel_text", "source_language": "en", "target_language": "nl", "source": str(source),
            "target": str(target), "vocabulary": 320,
        },
    )  # fmt: skip
    with pytest.raises(DataError, match=r"all sources are in one language \(en\)"):
        LatentLanguagesTask().open(pairs)
