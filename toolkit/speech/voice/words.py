"""Words heard in speech, by a recogniser that needs no download and knows nothing of the voice."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from toolkit.data.source import Array
from toolkit.errors import DataError, require
from toolkit.speech.files import resample
from toolkit.speech.text.front_end import FrontEnd
from toolkit.speech.voice.phoneme_error import edit_distance

RATE = 16000
"""Samples a second that the recogniser listens to."""

_SILENT = 1e-3  # of full scale
_WORD = re.compile(r"[a-z']+")


class WordRecognizer:
    """PocketSphinx with the English models that its package holds.

    It was chosen since everything comes with pip and stays offline (BSD licence). It is an old recogniser: of 20
    recordings of LJ Speech it got 21.5 % of the words wrong, so compare with its error on recordings, never with zero.

    Args:
        language: of the speech; the package has English only.

    Raises:
        MissingExtraError: pocketsphinx is not installed.
        DataError: the language is another one.
    """

    def __init__(self, language: str = "en") -> None:
        if language.split("-")[0].split("_")[0] != "en":
            raise DataError(f"words are recognised in English, not in '{language}'", "measure phoneme_error instead")
        library: Any = require("pocketsphinx", "words", "Recognising words")
        self._decoder = library.Decoder(samprate=float(RATE), loglevel="FATAL")

    def hear(self, wave: Array, rate: int) -> list[str]:
        """The words of a wave [T] in [-1, 1]; none where nothing is understood."""
        samples = resample(np.asarray(wave, dtype=np.float32), rate, RATE)
        if not np.any(np.abs(samples) > _SILENT):  # the recogniser always hears something
            return []
        self._decoder.start_utt()
        self._decoder.process_raw((samples * 32767).clip(-32768, 32767).astype(np.int16).tobytes(), full_utt=True)
        self._decoder.end_utt()
        found = self._decoder.hyp()
        return [] if found is None else _WORD.findall(found.hypstr)


def words_of(front_end: FrontEnd, text: str) -> list[str]:
    """The words of a text as they are read: numbers and abbreviations written out, without marks."""
    return [word for one in front_end.read(text).utterances for word in _WORD.findall(one.normalized.lower())]


def word_error(heard: list[str], wanted: list[str]) -> float:
    """Edit distance over the number of words that were wanted; can be above 1.

    >>> word_error(["the", "cat"], ["the", "cat", "sat"])
    0.3333333333333333
    """
    return edit_distance(heard, wanted) / max(len(wanted), 1)
