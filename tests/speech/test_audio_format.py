from __future__ import annotations

import json
from typing import Any

import pytest

from toolkit.errors import ConfigError, ToolkitError
from toolkit.speech.audio_format import AudioFormat


def test_frames_and_samples() -> None:
    format = AudioFormat()
    assert (format.frames(8192), format.frames(8191), format.samples(32)) == (32, 31, 8192)
    assert AudioFormat(padding="center").frames(8192) == 33
    assert format.frame_rate == pytest.approx(86.1328, abs=1e-4)
    assert (format.highest, AudioFormat(fmax=None).highest) == (8000.0, 11025.0)


def test_a_format_survives_json_and_a_missing_field_is_not_guessed() -> None:
    format = AudioFormat(sample_rate=24000, fmax=None, mels=100, mel_scale="htk", padding="center", level=-23.0)
    assert AudioFormat.from_document(json.loads(json.dumps(format.to_document()))) == format
    document = {name: value for name, value in format.to_document().items() if name not in ("fmax", "mel_scale")}
    with pytest.raises(ConfigError, match=r"in m\.json") as caught:
        AudioFormat.from_document(document, "m.json")
    assert [problem.path for problem in caught.value.problems] == ["fmax", "mel_scale"]


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("sample_rate", 0, "at least 1"),
        ("mels", 80.0, "whole number"),
        ("hop_length", True, "whole number"),
        ("win_length", 2048, "more than n_fft"),
        ("hop_length", 1025, "passed over"),
        ("fmax", 12000.0, "half the sample rate"),
        ("fmax", float("nan"), "finite"),
        ("fmin", 8000.0, "below 8000"),
        ("fmin", None, "finite"),
        ("floor", 0.0, "above 0"),
        ("level", 3.0, "-70 to 0"),
        ("mel_scale", "bark", "choices: slaney, htk"),
        ("padding", "valid", "choices: same, center"),
    ],
)
def test_an_impossible_value_is_named(field: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        AudioFormat(**{field: value})
    assert field in [problem.path for problem in caught.value.problems]


def test_every_wrong_field_is_reported_at_once_with_the_source() -> None:
    with pytest.raises(ConfigError, match="in runs/v/model") as caught:
        AudioFormat.from_document({**AudioFormat().to_document(), "mels": 0, "n_fft": -1}, "runs/v/model")
    assert [problem.path for problem in caught.value.problems] == ["n_fft", "mels"]
    with pytest.raises(ConfigError, match="did you mean 'hop_length'"):
        AudioFormat.from_document({"hop_lenght": 256})
    with pytest.raises(ConfigError, match="expected fields by name, got list"):
        AudioFormat.from_document([1, 2])  # type: ignore[arg-type]


def test_formats_that_differ_are_told_field_by_field() -> None:
    ours = AudioFormat()
    ours.require_same(AudioFormat(), "the voice", "the vocoder")
    with pytest.raises(ToolkitError) as caught:
        ours.require_same(AudioFormat(hop_length=300, fmax=None), "the voice", "the vocoder")
    assert "hop_length: 256 in the voice, 300 in the vocoder" in caught.value.message
    assert "fmax: 8000.0 in the voice, None in the vocoder" in caught.value.message
    assert "mels" not in caught.value.message
    assert caught.value.way_out
