"""A stored segmenter: loaded again, by plain transformers, by CTranslate2; files of another model are refused."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

from tests.translation.segmentation.corpus import CHINESE, ENGLISH, segmenter
from toolkit.errors import CheckpointError, ToolkitError
from toolkit.translation.segmentation.tokenizer import Segmenter

pytest.importorskip("sentencepiece", reason="the extra 'translation' is not installed")
JOINT = pytest.mark.parametrize("joint", [True, False])
TEXTS = [*ENGLISH[:20], *CHINESE[:20], "Unseen wörds 🙂 龘!", "a  b", "", "⟨1⟩ and ⟨2⟩"]


@JOINT
def test_it_is_loaded_as_it_was(tmp_path: Path, joint: bool) -> None:
    found = segmenter(joint=joint, languages=("zh",))
    found.save(tmp_path / "m")
    again = Segmenter.load(tmp_path / "m", expected=found.fingerprint())
    assert again.settings == found.settings
    assert again.fingerprint() == found.fingerprint()
    assert [again.encode(text, "target") for text in TEXTS] == [found.encode(text, "target") for text in TEXTS]


@JOINT
def test_saving_twice_gives_the_same_files(tmp_path: Path, joint: bool) -> None:
    segmenter(joint=joint).save(tmp_path / "a")
    Segmenter.load(tmp_path / "a").save(tmp_path / "b")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


@JOINT
@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_plain_transformers_gives_the_same_ids_and_texts(tmp_path: Path, joint: bool, kind: Any) -> None:
    transformers = pytest.importorskip("transformers", reason="the extra 'translation' is not installed")
    found = segmenter(kind, joint, languages=("zh",))
    found.save(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it recommends sacremoses
        plain = transformers.MarianTokenizer.from_pretrained(str(tmp_path))
        automatic = transformers.AutoTokenizer.from_pretrained(str(tmp_path))
    assert type(automatic) is type(plain)
    assert (plain.eos_token_id, plain.unk_token_id, plain.pad_token_id) == (0, 1, found.pad_id)
    assert len(plain) == len(found)
    assert plain.get_vocab() == found.vocabulary
    unprotected = Segmenter(
        found.models["source"], None if joint else found.models["target"], _without_protection(found)
    )
    for text in TEXTS:
        assert plain(text)["input_ids"] == unprotected.encode(text)
        assert plain(text_target=text)["input_ids"] == unprotected.encode(text, "target")
        ids = found.encode_text(text, "target").ids
        assert plain.decode(ids, skip_special_tokens=True) == found.decode_text(ids, ["⟨1⟩", "⟨2⟩"]).text
    assert plain(">>zh<< The dog")["input_ids"] == found.encode("The dog", language="zh")


def _without_protection(found: Segmenter) -> Any:
    from dataclasses import replace

    return replace(found.settings, protect=(), placeholders=0)


def test_the_vocabulary_of_another_model_is_refused(tmp_path: Path) -> None:
    segmenter("unigram").save(tmp_path / "a")
    segmenter("bpe").save(tmp_path / "b")
    shutil.copy(tmp_path / "b" / "vocab.json", tmp_path / "a")
    with pytest.raises(CheckpointError, match=r"vocab\.json is the vocabulary of another model"):
        Segmenter.load(tmp_path / "a")


def test_the_same_pieces_in_another_order_are_refused(tmp_path: Path) -> None:
    found = segmenter()
    found.save(tmp_path)
    pieces = list(found.vocabulary)
    pieces[300], pieces[301] = pieces[301], pieces[300]
    (tmp_path / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    with pytest.raises(CheckpointError, match="another order"):
        Segmenter.load(tmp_path)


def test_a_sentencepiece_model_of_another_model_is_refused(tmp_path: Path) -> None:
    segmenter(joint=False).save(tmp_path / "a")
    segmenter(joint=False, target="de").save(tmp_path / "b")
    shutil.copy(tmp_path / "b" / "target.spm", tmp_path / "a")
    with pytest.raises(CheckpointError, match="another model"):
        Segmenter.load(tmp_path / "a")


def test_weights_of_another_vocabulary_are_refused(tmp_path: Path) -> None:
    segmenter("unigram").save(tmp_path)
    with pytest.raises(CheckpointError, match="weights were trained with another vocabulary"):
        Segmenter.load(tmp_path, expected=segmenter("bpe").fingerprint())


def test_two_models_with_different_vocabularies_are_told_apart() -> None:
    segmenter("bpe").require_same(segmenter("bpe"), "a", "b")
    with pytest.raises(ToolkitError, match="model A and model B have different vocabularies"):
        segmenter("bpe").require_same(segmenter("unigram"), "model A", "model B")


def test_settings_count_in_the_fingerprint() -> None:
    assert (
        segmenter().fingerprint()
        != Segmenter(segmenter().models["source"], settings=_without_protection(segmenter())).fingerprint()
    )


@pytest.mark.parametrize("name", ["vocab.json", "source.spm", "target.spm", "segmenter.json"])
@pytest.mark.parametrize("damage", ["absent", "empty", "cut", "list", "wrong"])
def test_a_damaged_or_absent_file_is_named(tmp_path: Path, name: str, damage: str) -> None:
    segmenter(joint=False).save(tmp_path)
    file = tmp_path / name
    if damage == "absent":
        file.unlink()
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        file.write_text("[1]" if damage == "list" else '{"format": 1, "fingerprint": "x", "settings": {"kind": "y"}}')
    with pytest.raises(CheckpointError) as caught:
        Segmenter.load(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert caught.value.way_out


def test_settings_of_a_newer_version_are_refused(tmp_path: Path) -> None:
    segmenter().save(tmp_path)
    file = tmp_path / "segmenter.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
    with pytest.raises(CheckpointError, match="format 2; this version reads 1"):
        Segmenter.load(tmp_path)
