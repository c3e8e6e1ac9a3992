"""Texts that were mixed up are found from the recordings alone, and what was left out is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from toolkit.config import build
from toolkit.errors import ToolkitError
from toolkit.speech.voice.recorded import RecordedTexts
from toolkit.speech.voice.tones import speak_tones
from toolkit.speech.voice.units import units_of

pytest.importorskip("librosa", reason="the package 'librosa' (extra 'speech') is not installed")

COUNT = 60
SWAPPED = {7: 23, 23: 40, 40: 7}  # the recording of the key got the text of the value


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mixed-up")
    (folder / "wavs").mkdir()
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("abdefgiklmnoprstu"), 24)) for _ in range(COUNT)]
    lines = []
    for number, text in enumerate(texts):
        wave, _ = speak_tones(units_of((*text, ".")), 16000, random)
        soundfile.write(folder / "wavs" / f"r{number}.wav", 0.9 * wave / np.abs(wave).max(), 16000)
        lines.append(f"r{number}|{texts[SWAPPED.get(number, number)]}.")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder


def opened(folder: Path, **changes: object) -> RecordedTexts:
    small = {"phonemizer": "characters", "sample_rate": 16000, "mels": 20, "fmax": None, "cache": False, "level": None}
    made: RecordedTexts = build("datasets", {"name": "spoken_texts", "path": str(folder), **small, **changes})
    return made


def test_mixed_up_texts_are_left_out_and_named_with_their_line(folder: Path) -> None:
    data = opened(folder)
    badly = {problem.path for problem in data.problems if "fits the recording badly" in problem.reason}
    assert badly >= {f"metadata.csv, line {number + 1}" for number in SWAPPED}
    assert len(badly) <= len(SWAPPED) + 2
    assert len(data) == COUNT - len(badly)
    keys = [data.key(place) for place in range(len(data))]
    assert not {f"wavs/r{number}" for number in SWAPPED} & set(keys)
    kept = opened(folder, mismatch=None)
    place = next(place for place in range(len(kept)) if kept.key(place) == keys[-1])
    assert np.array_equal(data[len(data) - 1]["mel"], kept[place]["mel"])


def test_all_texts_can_be_kept(folder: Path) -> None:
    assert len(opened(folder, mismatch=None)) == COUNT


def test_an_impossible_limit_is_refused(folder: Path) -> None:
    with pytest.raises(ToolkitError, match="mismatch"):
        opened(folder, mismatch=0)
