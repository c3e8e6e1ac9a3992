"""Translation as a game: what is learned, measured, shown, stored; resumed runs; what other libraries can load."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import toolkit
from tests.translation import toy
from tests.translation.toy import WORDS, recipe, sentences
from toolkit.adversarial.estimators import Draw
from toolkit.config import build, load_recipe
from toolkit.data.digits import Digits
from toolkit.engine.randomness import Noise
from toolkit.errors import CheckpointError, ConfigError, DataError
from toolkit.runs.assemble import open_recipe
from toolkit.translation.segmented import IGNORED
from toolkit.translation.task import TranslationTask, next_subword_logits

pytest.importorskip("transformers")
pytest.importorskip("sentencepiece")
pytest.importorskip("sacrebleu")


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that has learned the toy language."""
    folder = tmp_path_factory.mktemp("toy")
    changes: dict[str, Any] = {"trainer__evaluate_every": 300, "trainer__samples_every": 300}
    toolkit.train(recipe(folder / "data", 300, **changes), folder / "run", quiet=True)
    return folder / "run"


def opened(folder: Path, **changes: Any) -> tuple[TranslationTask, Any]:
    found = open_recipe(load_recipe(recipe(folder, 1, **changes)))
    assert isinstance(found.task, TranslationTask)
    return found.task, found


def batch_of(task: TranslationTask, count: int = 4) -> dict[str, torch.Tensor]:
    items = [task.pairs[place] for place in range(count)]
    return {
        name: torch.nn.utils.rnn.pad_sequence(
            [torch.as_tensor(item[name], dtype=torch.int64) for item in items], batch_first=True, padding_value=fill
        )
        for name, fill in task.pairs.padding.items()
    }


def last_measures(run: Path) -> dict[str, float]:
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return {name: value for line in lines for name, value in line.items() if name.startswith("validation/")}


# -- learning -----------------------------------------------------------------------------------------------------


def test_a_small_network_learns_a_small_language(learned: Path) -> None:
    found = last_measures(learned)
    assert found["validation/exact_match"] > 0.9
    assert found["validation/bleu"] > 90
    assert found["validation/chrf"] > 95
    assert found["validation/cross_entropy"] < 0.2


def test_the_model_translates_sentences_it_has_not_read(learned: Path) -> None:
    model = toolkit.load(learned)
    unread = sentences(40, seed=99)
    written = [one.text for one in model.translate([source for source, _ in unread])]
    right = sum(text == target for text, (_, target) in zip(written, unread, strict=True))
    assert right >= 35, written


def test_the_preview_shows_source_reference_and_translation(learned: Path) -> None:
    (file,) = (learned / "samples").glob("*.txt")
    shown = file.read_text()
    blocks = [block.splitlines() for block in shown.strip().split("\n\n")]
    assert len(blocks) == 12
    for source, reference, translation in blocks:
        words = source.split()[1:]
        assert reference.split() == ["reference", *(WORDS[word] for word in words)]
        assert translation.startswith("translation ")


def test_the_loss_is_the_cross_entropy_of_the_next_subword(tmp_path: Path) -> None:
    task, found = opened(tmp_path)
    network = build("generators", found.recipe.generator, "generator").eval()
    batch = batch_of(task)
    draw = Draw(Noise(0, 0, torch.arange(4), "test"), None)
    output = task.generate(network, {**batch, "mean_tokens": torch.ones(4)}, draw)
    assert output.mask is not None
    assert torch.equal(output.mask.bool(), batch["target"] != IGNORED)
    # by hand, one sentence at a time and without padding
    for row in range(4):
        source, target = (batch[name][row : row + 1] for name in ("source", "target"))
        source, target = source[source != task.pairs.segmenter.pad_id], target[target != IGNORED]
        begun = torch.cat([torch.tensor([task.pairs.segmenter.pad_id]), target[:-1]])
        alone = network(input_ids=source[None], decoder_input_ids=begun[None]).logits[0]
        torch.testing.assert_close(output.data[row, : len(target)], alone, atol=1e-5, rtol=1e-4)


def test_what_stands_after_a_place_does_not_change_its_scores(tmp_path: Path) -> None:
    task, found = opened(tmp_path)
    network = build("generators", found.recipe.generator, "generator").eval()
    batch, pad_id = batch_of(task), task.pairs.segmenter.pad_id
    changed = batch["target"].clone()
    changed[:, 1:] = 5
    before = next_subword_logits(network, batch["source"], batch["target"], pad_id)
    after = next_subword_logits(network, batch["source"], changed, pad_id)
    torch.testing.assert_close(before[:, :2], after[:, :2])
    assert not torch.allclose(before[:, 2], after[:, 2])


def test_random_segmentation_is_another_in_each_epoch_and_says_the_same(tmp_path: Path) -> None:
    task, _ = opened(tmp_path, task={"name": "translation", "sampling": 0.1})
    transform, segmenter = task.transform(), task.pairs.segmenter
    assert transform is not None
    place = int(task.pairs.lengths[:, 0].argmax())
    rows = [transform(task.pairs[place], np.random.default_rng(seed)) for seed in range(20)]
    assert len({tuple(row["source"]) for row in rows}) > 3
    assert {segmenter.decode(row["target"]) for row in rows} == {task.pairs.pair(place).target}
    again = transform(task.pairs[place], np.random.default_rng(7))
    assert np.array_equal(again["source"], rows[7]["source"])


def test_noise_is_in_the_sources_of_training_only_and_another_each_time(tmp_path: Path) -> None:
    task, _ = opened(tmp_path, task={"name": "translation", "noise": 0.5, "noise_kinds": ["typos", "swapped_words"]})
    transform, segmenter = task.transform(), task.pairs.segmenter
    assert transform is not None
    place = int(task.pairs.lengths[:, 0].argmax())
    rows = [transform(task.pairs[place], np.random.default_rng(seed)) for seed in range(20)]
    texts = [segmenter.decode(row["source"]) for row in rows]
    assert len(set(texts)) > 10
    assert {segmenter.decode(row["target"]) for row in rows} == {task.pairs.pair(place).target}
    again = transform(task.pairs[place], np.random.default_rng(7))
    assert np.array_equal(again["source"], rows[7]["source"])
    plain, _ = opened(tmp_path, task={"name": "translation"})
    assert plain.transform() is None


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="there is no noise 'typoes'"):
        TranslationTask(noise=0.1, noise_kinds=["typoes"])  # type: ignore[list-item]
    with pytest.raises(ConfigError, match="between 0 and 1"):
        TranslationTask(noise=1.5)
    with pytest.raises(ValueError, match="sampling"):
        TranslationTask(sampling=1.0)
    with pytest.raises(ValueError, match="beam"):
        TranslationTask(beam=0)


def test_pictures_are_no_sentence_pairs() -> None:
    with pytest.raises(DataError, match="sentence pairs"):
        TranslationTask().open(Digits())


# -- going on -----------------------------------------------------------------------------------------------------


def test_a_resumed_run_ends_with_the_same_weights(tmp_path: Path) -> None:
    changes: dict[str, Any] = {"generator__dropout": 0.1, "task": {"name": "translation", "sampling": 0.2}}
    whole = toolkit.train(recipe(tmp_path / "data", 24, **changes), tmp_path / "whole", quiet=True)
    toolkit.train(recipe(tmp_path / "data", 11, **changes), tmp_path / "parts", quiet=True)
    parts = toolkit.resume(tmp_path / "parts", ["trainer.steps=24"], quiet=True)
    assert (whole.step, whole.samples) == (parts.step, parts.samples)
    ours, theirs = (toolkit.load(tmp_path / name).network.state_dict() for name in ("whole", "parts"))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def add_lines(folder: Path, source: str, target: str) -> None:
    with (folder / "toy.en").open("a") as one, (folder / "toy.nl").open("a") as other:
        one.write(f"{source}\n" * 40)
        other.write(f"{target}\n" * 40)


def test_a_vocabulary_that_has_changed_is_refused(tmp_path: Path) -> None:
    toolkit.train(recipe(tmp_path / "data", 2, data__cleaning=False), tmp_path / "run", quiet=True)
    add_lines(tmp_path / "data", "so so so", "elf elf elf")  # the same pieces, in another order
    with pytest.raises(CheckpointError, match=r"another .*source\.spm.*weights belong to the old one"):
        toolkit.resume(tmp_path / "run", ["trainer.steps=4"], quiet=True)


def test_a_vocabulary_that_has_grown_is_refused(tmp_path: Path) -> None:
    toolkit.train(recipe(tmp_path / "data", 2, data__cleaning=False), tmp_path / "run", quiet=True)
    add_lines(tmp_path / "data", "quibbling zebras jumped", "vlugge zebra's sprongen")
    with pytest.raises(ConfigError, match=r"generator\.vocabulary: is \d+, but for this data it must be"):
        toolkit.resume(tmp_path / "run", ["trainer.steps=4"], quiet=True)


# -- what others read ---------------------------------------------------------------------------------------------


def test_plain_transformers_loads_the_model_and_translates_alike(learned: Path) -> None:
    from transformers import MarianMTModel, MarianTokenizer

    folder = learned / "model"
    tokenizer = MarianTokenizer.from_pretrained(folder)
    network, report = MarianMTModel.from_pretrained(folder, output_loading_info=True)
    assert not any(report[name] for name in ("missing_keys", "unexpected_keys", "mismatched_keys")), report
    texts = [source for source, _ in sentences(20, seed=5)]
    ids = network.generate(**tokenizer(texts, return_tensors="pt", padding=True), num_beams=1)
    theirs = tokenizer.batch_decode(ids, skip_special_tokens=True)
    ours = [one.text for one in toolkit.load(learned).compute_in("torch").translate(texts, beam=1)]
    assert theirs == ours


def test_the_model_of_a_damaged_folder_says_which_file_is_missing(learned: Path, tmp_path: Path) -> None:
    shutil.copytree(learned / "model", tmp_path / "model")
    (tmp_path / "model" / "source.spm").unlink()
    with pytest.raises(CheckpointError, match=r"source\.spm"):
        toolkit.load(tmp_path / "model")


def test_a_translator_trained_with_noise_is_measured_with_noise_too(translator: Path, tmp_path: Path) -> None:
    source, target = toy.write_pairs(tmp_path, 60, seed=4)
    data = build(
        "datasets",
        {
            "name": "parallel_text", "source_language": "en", "target_language": "nl", "source": str(source),
            "target": str(target), "segmentation": str(translator), "cleaning": False,
        },
    )  # fmt: skip
    network = toolkit.load(translator).network
    given: Any = {"extractor": None, "metrics": [], "samples": 40, "seed": 0, "device": torch.device("cpu")}
    found = {}
    for noise in (0.0, 0.6):
        task = TranslationTask(noise=noise, noise_kinds=["typos", "keyboard"])
        task.open(data)
        found[noise] = task.measure(network, data, None, **given)
    assert "noisy_bleu" not in found[0.0]
    assert found[0.6]["bleu"] == found[0.0]["bleu"] > 60
    assert found[0.6]["noisy_bleu"] < found[0.6]["bleu"] - 10
