"""Likeness, rotations and dictionaries: known answers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.translation.toy import WORDS, sentences
from toolkit.errors import DataError
from toolkit.translation.words.lexicon import lexicon_of, read_lexicon
from toolkit.translation.words.mapping import mean_cosine, mutual, nearest, precision, procrustes, refine
from toolkit.translation.words.rotation import Rotation


def unit(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(*shape, generator=torch.Generator().manual_seed(seed)), dim=-1)


def turned(dimension: int, seed: int = 1) -> torch.Tensor:
    return torch.linalg.qr(torch.randn(dimension, dimension, generator=torch.Generator().manual_seed(seed)))[0]


def test_procrustes_finds_the_rotation_that_was_made() -> None:
    vectors, matrix = unit(50, 8), turned(8)
    torch.testing.assert_close(procrustes(vectors, vectors @ matrix.T), matrix, atol=1e-5, rtol=1e-5)


def test_likeness_is_twice_the_cosine_less_the_neighbourhoods() -> None:
    ours, theirs = unit(12, 3), unit(11, 3, seed=2)
    cosine = ours @ theirs.T
    wanted = 2 * cosine - cosine.topk(10, 1).values.mean(1, keepdim=True) - cosine.topk(10, 0).values.mean(0)
    values, places = nearest(ours, theirs, 3, torch.tensor([4, 7]))
    torch.testing.assert_close(values, wanted[[4, 7]].topk(3, 1).values)
    assert torch.equal(places, wanted[[4, 7]].topk(3, 1).indices)


def test_a_hub_is_nobodys_translation() -> None:
    theirs = torch.nn.functional.normalize(unit(30, 6, seed=3) + 0.4, dim=1)
    hub = torch.nn.functional.normalize(theirs.mean(0, keepdim=True), dim=1)
    ours = torch.nn.functional.normalize(theirs + 0.25 * unit(30, 6, seed=4), dim=1)
    everything = torch.cat([theirs, hub])
    by_cosine = (ours @ everything.T).argmax(1)
    by_likeness = nearest(ours, everything)[1].squeeze(1)
    right = torch.arange(30)
    assert (by_likeness == 30).sum() < max(1, int((by_cosine == 30).sum()))
    assert (by_likeness == right).sum() >= (by_cosine == right).sum()


def test_a_nearly_right_mapping_is_refined_to_the_right_one() -> None:
    ours, matrix = unit(200, 10), turned(10)
    theirs = ours @ matrix.T
    wrong = torch.linalg.qr(matrix + 0.25 * torch.randn(10, 10, generator=torch.Generator().manual_seed(5)))[0]
    wrong = procrustes(torch.eye(10), (wrong * torch.sign((wrong * matrix).sum(0))).T)
    answers = {place: {place} for place in range(200)}
    before = precision(ours @ wrong.T, theirs, answers)[1]
    better = refine(wrong, ours, theirs)
    after = precision(ours @ better.T, theirs, answers)[1]
    assert 0.1 < before < 0.95
    assert after == 1
    assert mean_cosine(ours @ better.T, theirs) == pytest.approx(1.0, abs=1e-3)
    assert len(mutual(ours @ better.T, theirs)[0]) == 200


def test_a_rotation_begins_as_nothing_and_keeps_lengths_whatever_it_learns() -> None:
    network, vectors = Rotation(6), unit(5, 6)
    torch.testing.assert_close(network(vectors), vectors)
    with torch.no_grad():
        network.skew.normal_(generator=torch.Generator().manual_seed(0))
    assert not torch.allclose(network(vectors), vectors, atol=0.1)
    torch.testing.assert_close(network.weight() @ network.weight().T, torch.eye(6), atol=1e-4, rtol=1e-4)


def test_a_dictionary_is_extracted_from_sentence_pairs() -> None:
    pairs = [(one.split(), other.split()[::-1]) for one, other in sentences(400)]
    assert lexicon_of(pairs) == {word: {translation} for word, translation in WORDS.items()}
    assert lexicon_of([]) == {}


def test_a_file_of_words_is_read_and_a_line_of_another_form_is_named(tmp_path: Path) -> None:
    file = tmp_path / "en-de.txt"
    file.write_text("dog Hund\n\ndog\tköter\ncat katze\n", encoding="utf-8")
    assert read_lexicon(file) == {"dog": {"hund", "köter"}, "cat": {"katze"}}
    file.write_text("dog\n")
    with pytest.raises(DataError, match=r"en-de\.txt:1: 'dog' is not a word and its translation"):
        read_lexicon(file)
