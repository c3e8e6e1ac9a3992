"""Text in, symbols of its sentences out: markup, sentences, normalisation, lexicon and phonemes, joined."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from toolkit.errors import CheckpointError
from toolkit.speech.text.choosing import choose_phonemizer
from toolkit.speech.text.dates import Days
from toolkit.speech.text.lexicon import Lexicon, WithLexicon
from toolkit.speech.text.normalization import normalize
from toolkit.speech.text.passages import Passages, passages_of
from toolkit.speech.text.phonemizer import transcribe
from toolkit.speech.text.probes import fingerprint
from toolkit.speech.text.problems import TextProblem
from toolkit.speech.text.sentences import LONGEST, split_sentences
from toolkit.speech.text.utterances import Pauses, Reading, Utterance

_log = logging.getLogger(__name__)

_VERSION = 1


class FrontEnd:
    """Everything between a text and the symbols that an acoustic model reads.

    Args:
        language: `en`, `en-gb`, `de`, `fr`, `es`, `zh`; with espeak any of its voices.
        phonemizer: `auto`, `gruut`, `pinyin`, `espeak` or `characters`.
        lexicon: the user's pronunciations, or a file of them.
        days: how days of a month are read in English (`normalize`).
        longest: characters of the longest utterance.
        pauses: between sentences and paragraphs.
        markup: whether tags such as `<break time="500ms"/>` are read; without, `<` is a sign like others.

    Attributes:
        phonemizer: says the words; its `name` is what `auto` chose.
        lexicon: the user's pronunciations.
        note: what is different from the machine on which a voice was trained; empty when nothing is.

    Raises:
        ConfigError: a language, a phonemizer or a voice is unknown.
        DataError: the lexicon cannot be read.
        MissingExtraError: the phonemizer is not installed.

    Example:
        >>> front_end = FrontEnd("en", phonemizer="characters")
        >>> " ".join(front_end("Hi, Bo!")[0].symbols)
        'h i , b o !'
    """

    def __init__(
        self,
        language: str = "en",
        phonemizer: str = "auto",
        lexicon: Lexicon | str | Path | None = None,
        *,
        days: Days = "ordinal",
        longest: int = LONGEST,
        pauses: Pauses | None = None,
        markup: bool = True,
    ) -> None:
        self.language = language
        self.phonemizer = choose_phonemizer(language, phonemizer)
        self.lexicon = (
            lexicon if isinstance(lexicon, Lexicon) else Lexicon({} if lexicon is None else Lexicon.read(lexicon).words)
        )
        self.days: Days = days
        self.longest = longest
        self.pauses = pauses or Pauses()
        self.markup = markup
        self.note = ""
        self._says = WithLexicon(self.phonemizer, self.lexicon) if self.lexicon else self.phonemizer

    def __call__(self, text: str) -> list[Utterance]:
        """The utterances of a text, in order; an empty list when there is nothing to say (see `read`).

        Raises:
            ConfigError: a tag is unknown or wrong; its line and column are named.
        """
        return list(self.read(text).utterances)

    def read(self, text: str) -> Reading:
        """The utterances of a text, and what could not be read as it stands.

        An empty text has neither. One of emoji alone has problems and no utterance. A piece of text without a word
        between two sentences is kept in the `text` of its neighbour, with its problems.

        Raises:
            ConfigError: a tag is unknown or wrong; its line and column are named.
        """
        passages = passages_of(text, self.markup)
        utterances: list[Utterance] = []
        silent = _Silent()
        for passage in passages.passages:
            pieces = split_sentences(passage.text, self.language, self.longest)
            for number, piece in enumerate(pieces):
                last = number == len(pieces) - 1
                end = passage.end if last and passage.end else piece.end
                self._piece(piece.text, self.pauses.after(end), passages, utterances, silent)
            _pause(passage.pause, bool(pieces), utterances, silent)
        if utterances:
            silent.give_to_last(utterances)
        problems = [problem for utterance in utterances for problem in utterance.problems]
        return Reading(tuple(utterances), tuple(problems or silent.problems))

    def fingerprint(self) -> dict[str, str]:
        """What this machine makes of a few probe sentences: a hash for each; the user's lexicon is left aside."""
        return fingerprint(self.language, self.phonemizer)

    def to_document(self) -> dict[str, Any]:
        """Everything that a voice stores, the lexicon and the fingerprint with it."""
        return {
            "version": _VERSION,
            "language": self.language,
            "phonemizer": self.phonemizer.name,
            "days": self.days,
            "longest": self.longest,
            "pauses": asdict(self.pauses),
            "lexicon": {word: list(phones) for word, phones in self.lexicon.words.items()},
            "fingerprint": self.fingerprint(),
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any], check: bool = True) -> FrontEnd:
        """Make the front end of a stored voice.

        Args:
            document: what `to_document` gave.
            check: whether the phonemes of the probe sentences are compared with those at training time. Where they
                differ, a warning says which, and `note` keeps it: the voice will say some words differently.

        Raises:
            CheckpointError: the document is damaged, or of a newer version.
            MissingExtraError: the phonemizer is not installed.
        """
        if document.get("version") != _VERSION:
            raise CheckpointError(
                f"the text front end has version {document.get('version')!r}; this toolkit reads {_VERSION}",
                "update the toolkit" if isinstance(document.get("version"), int) else "",
            )
        try:
            lexicon = Lexicon({str(word): tuple(map(str, phones)) for word, phones in document["lexicon"].items()})
            settings = {name: float(value) for name, value in document["pauses"].items()}
            made = cls(
                str(document["language"]),
                str(document["phonemizer"]),
                lexicon,
                days=document["days"],
                longest=int(document["longest"]),
                pauses=Pauses(**settings),
            )
            before = dict(document["fingerprint"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CheckpointError(f"the text front end of the voice is damaged: {error!r}") from error
        if check:
            made.compare(before)
        return made

    def compare(self, before: Mapping[str, str]) -> bool:
        """Compare the fingerprint of the training time with today's; a warning names the sentences that differ."""
        now = self.fingerprint()
        different = [sentence for sentence in now if before.get(sentence) != now[sentence]]
        self.note = ""
        if different:
            sentences = " and ".join(f"'{sentence}'" for sentence in different)
            self.note = (
                f"{self.phonemizer.name} reads {sentences} differently from when the voice was trained: "
                "another version of it or of its data is installed, and some words will sound wrong"
            )
            _log.warning("%s", self.note)
        return not different

    def _piece(self, text: str, pause: float, passages: Passages, utterances: list[Utterance], silent: _Silent) -> None:
        normalized = normalize(text, self.language, self.days)
        said = transcribe(normalized, self._says, passages.fixed)
        written = passages.restored(text)
        if not said.words:
            silent.add(written, said.problems)
            return
        if utterances:
            silent.give_to_last(utterances)
        words = tuple((passages.written.get(word, word), first, end) for word, first, end in said.words)
        problems = (*silent.problems, *said.problems)
        utterances.append(
            Utterance(silent.text + written, passages.restored(normalized), said.symbols, words, pause, problems)
        )
        silent.clear()


class _Silent:
    """Text in which there is nothing to say, until an utterance takes it along."""

    def __init__(self) -> None:
        self.text = ""
        self.problems: tuple[TextProblem, ...] = ()

    def add(self, text: str, problems: tuple[TextProblem, ...]) -> None:
        self.text += text
        self.problems += problems

    def clear(self) -> None:
        self.text, self.problems = "", ()

    def give_to_last(self, utterances: list[Utterance]) -> None:
        last = utterances[-1]
        utterances[-1] = replace(last, text=last.text + self.text, problems=last.problems + self.problems)
        self.clear()


def _pause(asked: float | None, spoken: bool, utterances: list[Utterance], silent: _Silent) -> None:
    """The break after a passage: takes the place of the sentence's own pause, or adds to a break before it."""
    if asked is None:
        return
    if not utterances:
        silent.add("", (TextProblem("<break>", "at the beginning", "left out"),))
        return
    last = utterances[-1]
    utterances[-1] = replace(last, pause_after=asked if spoken else last.pause_after + asked)
