"""When espeak-ng said each unit of a text."""

from __future__ import annotations

import difflib

import numpy as np

from toolkit.data.source import Array
from toolkit.speech.text.characters import MARKS
from toolkit.speech.text.phonemizer import STRESS
from toolkit.speech.voice.units import START, Units

_PAUSE = ","


def true_starts(units: Units, phones: list[tuple[int, str]], samples: int) -> Array:
    """The sample at which each unit begins, NaN where espeak-ng said another phone than the front end wrote.

    Args:
        units: of the text.
        phones: samples and names of `Espeak.speak_timed`.
        samples: of the whole recording.
    """
    events: list[tuple[int, str]] = []
    for sample, name in phones:
        phone = name.strip("".join(STRESS)) or _PAUSE
        if not (phone == _PAUSE and events and events[-1][1] == _PAUSE):
            events.append((min(sample, samples), phone))
    wanted = [_PAUSE if symbol in MARKS else symbol for symbol in units.symbols]
    starts = np.full(len(units), np.nan)
    matcher = difflib.SequenceMatcher(None, wanted, [phone for _, phone in events], autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            starts[block.a + offset] = events[block.b + offset][0]
    if units.symbols[0] == START:
        starts[0] = 0
    return starts
