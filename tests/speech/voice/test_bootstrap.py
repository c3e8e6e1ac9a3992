"""Where units should begin, by another voice: warping, what is unknown, and what the aligner makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.speech.voice import small
from toolkit.data.sequences import padded
from toolkit.speech.voice import bootstrap
from toolkit.speech.voice.alignment import expected_prior
from toolkit.speech.voice.bootstrap import UNKNOWN, expected_starts

pytest.importorskip("librosa")


def spoken(lengths: list[int], seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A spectrogram in which each unit looks different, and where they begin."""
    units = np.random.default_rng(seed).normal(size=(len(lengths), 12)) * 2
    mel = np.repeat(units, lengths, axis=0) + np.random.default_rng(1).normal(size=(sum(lengths), 12)) * 0.1
    return mel.astype(np.float32), np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.float64)


def test_times_of_one_voice_are_carried_over_to_another_that_is_slower_here_and_faster_there() -> None:
    read, starts = spoken([4, 9, 5, 7, 6])
    recorded, true = spoken([12, 4, 8, 15, 3])
    found = expected_starts(recorded * 0.5 - 3, read, starts)  # quieter, and of another level
    assert np.abs(found - true).max() <= 1
    assert (np.diff(found) >= 0).all()


def test_a_unit_that_the_other_voice_did_not_say_lies_between_its_neighbours() -> None:
    read, starts = spoken([4, 9, 5, 7, 6])
    recorded, true = spoken([12, 4, 8, 15, 3])
    starts[2] = np.nan
    found = expected_starts(recorded, read, starts)
    assert true[1] < found[2] < true[3]
    assert np.abs(np.delete(found - true, 2)).max() <= 1


def test_where_too_little_is_known_nothing_is_said() -> None:
    read, starts = spoken([4, 9, 5, 7, 6])
    starts[1:] = np.nan
    assert (expected_starts(read, read, starts) == UNKNOWN).all()


def test_the_prior_is_flat_within_a_units_span_and_falls_beside_it() -> None:
    prior = expected_prior(torch.tensor([[0.0, 4.0, 10.0]]), 16, width=2.0)[0]
    assert (prior[4:11, 1] == 0).all()
    assert (prior[10:, 2] == 0).all(), "the last unit lasts to the end"
    assert prior[2, 1] == pytest.approx(-0.5)
    assert prior[12, 1] < prior[11, 1] < 0


def test_a_voice_of_espeak_finds_the_times_of_another_and_remembers_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("espeakng_loader")
    from toolkit.speech.voice.read_aloud import EspeakVoice

    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path))
    texts = tmp_path / "texts.txt"
    texts.write_text("The river was quiet that morning.\nThree green boats lay by the shore.\n" * 2)
    data = EspeakVoice(rows=0, texts=str(texts), bootstrap="en-us+f2")
    errors = []
    for place in range(len(data)):
        true = data.entry(place).starts / data.format.hop_length
        errors += np.abs(data[place]["expected"] - true)[np.isfinite(true)].tolist()
    milliseconds = np.mean(errors) * data.format.hop_length / data.format.sample_rate * 1000
    assert milliseconds < 15
    monkeypatch.setattr(bootstrap, "Espeak", lambda: pytest.fail("read again"))
    again = EspeakVoice.__mro__[1]._rehearsed(data, "en-us+f2", True)
    assert all(np.array_equal(one, data[place]["expected"]) for place, one in enumerate(again))


def test_an_untrained_aligner_begins_where_the_other_voice_says() -> None:
    data = small.texts()
    task, network = small.network(data)
    batch = padded([data[place] for place in range(3)], {})
    units = (batch["symbols"] != 0).sum(1)
    frames = batch["frames"]
    expected = torch.zeros(batch["symbols"].shape)
    for row in range(3):  # all units but the first late in the recording, far from the diagonal
        last = int(frames[row])
        expected[row, 1 : int(units[row])] = torch.linspace(last * 0.6, last * 0.95, int(units[row]) - 1)
    for name, module in network.named_parameters():
        if name.startswith("aligner"):
            torch.nn.init.zeros_(module)  # it knows nothing
    with torch.no_grad():
        plain, told = task._taught(network, batch), task._taught(network, {**batch, "expected": expected})
        unknown = task._taught(network, {**batch, "expected": torch.full_like(expected, UNKNOWN)})
    assert torch.equal(unknown.path, plain.path)
    for row in range(3):
        starts = (told.durations.cumsum(1) - told.durations)[row, 1 : int(units[row])]
        assert (starts - expected[row, 1 : int(units[row])]).abs().float().mean() < 8
        assert told.durations[row, 0] > 2 * plain.durations[row, 0]
