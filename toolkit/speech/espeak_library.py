"""espeak-ng through the package `espeakng_loader`, which brings the library and its data: text in, samples out."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np

from toolkit.data.source import Array
from toolkit.errors import ConfigError, PluginError, Problem, nearest, require

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: espeak_Synth returns when everything has been spoken
_DO_NOT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: report absent data instead of ending the process
_PHONEME_EVENTS = 0x0003  # espeakINITIALIZE_PHONEME_EVENTS | _PHONEME_IPA: tell when which phone begins, in the IPA
_END_OF_EVENTS, _PHONEME = 0, 7  # espeakEVENT_LIST_TERMINATED, espeakEVENT_PHONEME
_BUFFER = 2000  # milliseconds that are handed over at once
_UTF8 = 1
_CHARACTERS = 1  # POS_CHARACTER
_NOT_FOUND = 2  # EE_NOT_FOUND
_RATE, _PITCH, _RANGE = 1, 3, 4
_BY_ANOTHER_NAME = {"en-gb": "en"}
_RATES = (80, 450)
_IPA = 0x02  # phonemes in the alphabet of the IPA; the bits from 8 on hold the character that parts them
_PARTED_BY = "_"
_REINSTALL = "reinstall the package espeakng-loader"


class _Id(ctypes.Union):
    """The last field of espeak_EVENT in speak_lib.h."""

    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """espeak_EVENT in speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _Voice(ctypes.Structure):
    """The beginning of espeak_VOICE in speak_lib.h."""

    _fields_ = (("name", ctypes.c_char_p), ("languages", ctypes.c_char_p), ("identifier", ctypes.c_char_p))


class Espeak:
    """A copy of the library with a state of its own, so that the same sequence of calls always gives the same samples.

    What espeak-ng says depends a little on what it said before (its flutter of the pitch runs on), and on the time of
    day (its breath noise): hence a copy that starts afresh, and a fixed seed. Calls from several threads wait for each
    other.

    Attributes:
        sample_rate: of what it speaks, in Hz (22,050).
        version: of the library.

    Raises:
        MissingExtraError: the package is not installed.
        PluginError: it is installed, but does not work.
    """

    def __init__(self) -> None:
        loader: Any = require("espeakng_loader", "espeak", "Speech made by espeak-ng")
        try:
            self._data = Path(loader.get_data_path())
            self._library = _copy_of(Path(loader.get_library_path()))
            self._declare()
        except (OSError, RuntimeError, AttributeError) as error:
            raise PluginError(f"espeak-ng cannot be loaded: {error}", _REINSTALL) from error
        self._heard: list[Array] = []
        self._phones: list[tuple[int, str]] = []
        self._callback = _Callback(self._listen)  # kept: the library holds only its address
        self._lock = threading.Lock()
        started = self._library.espeak_Initialize(
            _SYNCHRONOUS, _BUFFER, os.fsencode(self._data), _DO_NOT_EXIT | _PHONEME_EVENTS
        )
        if started <= 0:
            raise PluginError(f"espeak-ng finds no data in {self._data}", _REINSTALL)
        self.sample_rate: int = started
        self.version: str = self._library.espeak_Info(None).decode().split()[0]
        self._library.espeak_SetSynthCallback(self._callback)
        if hasattr(self._library, "espeak_ng_SetRandSeed"):  # from 1.52 on
            self._library.espeak_ng_SetRandSeed(ctypes.c_long(1))

    def close(self) -> None:
        """Give the memory of its data back; nothing can be spoken afterwards."""
        with self._lock:
            self._must("espeak_Terminate")

    def speak(self, text: str, voice: str, words_per_minute: int = 175, pitch: int = 50, range_: int = 50) -> Array:
        """What a voice says.

        Args:
            text: to be spoken.
            voice: a language such as `en-us`, with or without a variant: `en-us+m3`.
            words_per_minute: 80 to 450.
            pitch: 0 to 100.
            range_: how lively the pitch is, 0 (monotone) to 100.

        Returns:
            int16 [T] at `sample_rate`.

        Raises:
            ConfigError: there is no such voice, or a number is out of range.
            PluginError: the library failed.
        """
        return self.speak_timed(text, voice, words_per_minute, pitch, range_)[0]

    def speak_timed(
        self, text: str, voice: str, words_per_minute: int = 175, pitch: int = 50, range_: int = 50
    ) -> tuple[Array, list[tuple[int, str]]]:
        """What a voice says, and the sample at which each phone begins.

        Phones are in the IPA, stress marks before them; pauses are empty texts. Arguments and errors are those of
        `speak`.
        """
        problems = []
        if not _RATES[0] <= words_per_minute <= _RATES[1]:
            problems.append(Problem("words_per_minute", f"is {words_per_minute}; it must lie between 80 and 450"))
        for name, value in (("pitch", pitch), ("range_", range_)):
            if not 0 <= value <= 100:
                problems.append(Problem(name, f"is {value}; it must lie between 0 and 100"))
        if problems:
            raise ConfigError(problems)
        with self._lock:
            self._choose(voice)
            for parameter, value in ((_RATE, words_per_minute), (_PITCH, pitch), (_RANGE, range_)):
                self._must("espeak_SetParameter", parameter, value, 0)
            self._heard.clear()
            self._phones = []
            content = text.encode()
            self._must("espeak_Synth", content, len(content) + 1, 0, _CHARACTERS, 0, _UTF8, None, None)
            self._must("espeak_Synchronize")
            samples: Array = np.concatenate(self._heard) if self._heard else np.zeros(0, dtype=np.int16)
            return samples, self._phones

    def phonemes(self, text: str, voice: str, ipa: bool = True) -> list[str]:
        """What a voice would say.

        Args:
            text: to be read.
            voice: a language such as `en-us`.
            ipa: in the alphabet of the IPA; else in espeak-ng's own names of phonemes.

        Returns:
            One text for each clause: words parted by spaces, phones of a word by `_`, with the stress before a vowel.

        Raises:
            ConfigError: there is no such voice; the nearest ones are named.
        """
        with self._lock:
            self._choose(voice)
            rest, clauses = ctypes.c_char_p(text.encode()), []
            while rest.value is not None:  # the library moves the pointer past a clause, and to null at the end
                mode = ord(_PARTED_BY) << 8 | (_IPA if ipa else 0)
                said = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, mode)
                clauses.append(said.decode() if said else "")
            return clauses

    def voices(self) -> tuple[str, ...]:
        """The voices that it has, in alphabetical order, by the names that `speak` takes."""
        listed = self._library.espeak_ListVoices(None)
        names = set()
        for entry in listed:
            if not entry:
                break
            names.add(entry.contents.identifier.decode().rpartition("/")[2].lower())
        return tuple(sorted(names))

    def _choose(self, voice: str) -> None:
        """Set the voice. The library answers an unknown one with a code, and would speak on with the voice before."""
        language, plus, variant = voice.partition("+")
        language = _BY_ANOTHER_NAME.get(language, language)
        code = self._library.espeak_SetVoiceByName(f"{language}{plus}{variant}".encode())
        if code == _NOT_FOUND or not language:
            found = self.voices()
            near = [name for name in found if language and name.partition("-")[0] == language.partition("-")[0].lower()]
            hint = f"it has {', '.join(near)}" if near else nearest(language, found)
            raise ConfigError(
                [Problem("voice", f"espeak-ng has no voice '{language}'; {hint}")], "the choice of a voice"
            )
        if plus and not (self._data / "voices" / "!v" / variant).is_file():  # it says nothing, and leaves it out
            raise ConfigError(
                [Problem("voice", f"espeak-ng has no variant '{variant}'; it has m1 to m8, f1 to f5, ...")]
            )
        if code != 0:
            raise PluginError(f"espeak-ng cannot use the voice '{voice}' (code {code})", _REINSTALL)

    def _must(self, name: str, *arguments: Any) -> None:
        code = getattr(self._library, name)(*arguments)
        if code != 0:
            raise PluginError(f"espeak-ng failed: {name} gave the code {code}", _REINSTALL)

    def _listen(self, samples: Any, count: int, events: Any) -> int:
        """Called by the library with each piece of what it speaks, and what happens in it."""
        if samples and count > 0:
            self._heard.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        listed, place = ctypes.cast(events, ctypes.POINTER(_Event)), 0
        while events and listed[place].type != _END_OF_EVENTS:
            if listed[place].type == _PHONEME:
                self._phones.append((int(listed[place].sample), listed[place].id.string.decode(errors="replace")))
            place += 1
        return 0

    def _declare(self) -> None:
        """The types of speak_lib.h, where ctypes would guess wrong ones."""
        library, text = self._library, ctypes.c_char_p
        library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, text, ctypes.c_int]
        library.espeak_Info.argtypes = [ctypes.c_void_p]
        library.espeak_Info.restype = text
        library.espeak_SetSynthCallback.argtypes = [_Callback]
        library.espeak_SetSynthCallback.restype = None
        library.espeak_SetVoiceByName.argtypes = [text]
        library.espeak_SetParameter.argtypes = [ctypes.c_int] * 3
        library.espeak_Synchronize.argtypes = []
        library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(text), ctypes.c_int, ctypes.c_int]
        library.espeak_TextToPhonemes.restype = text
        library.espeak_ListVoices.argtypes = [ctypes.c_void_p]
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        number, size, pointer = ctypes.c_uint, ctypes.c_size_t, ctypes.c_void_p
        library.espeak_Synth.argtypes = [text, size, number, ctypes.c_int, number, number, pointer, pointer]


def _copy_of(library: Path) -> ctypes.CDLL:
    """Load a copy; loading the same file twice would give the same library, with the state that it has.

    Where nothing can be loaded from the folder for temporary files the library itself has to do.
    """
    with tempfile.TemporaryDirectory(prefix="toolkit-espeak-", ignore_cleanup_errors=True) as folder:
        copy = Path(shutil.copy(library, Path(folder) / library.name))
        try:
            return ctypes.CDLL(str(copy))
        except OSError:
            return ctypes.CDLL(str(library))
