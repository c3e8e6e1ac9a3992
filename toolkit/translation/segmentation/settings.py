"""How texts are prepared for a model: what is stored beside its vocabulary."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias, get_args

from toolkit.errors import ConfigError, Problem, nearest
from toolkit.translation.placeholders import KINDS, NUMBER
from toolkit.translation.segmentation.factors import FACTORS
from toolkit.translation.segmentation.normalisation import Normalisation
from toolkit.translation.segmentation.protection import MOST
from toolkit.translation.segmentation.subwords import Kind

Side: TypeAlias = Literal["source", "target"]

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
_LISTS = ("protect", "languages", "annotations")
_LATER = ("annotations", "tagger")  # left out of documents where they are empty, so that older models stay the same


@dataclass(frozen=True, slots=True)
class SegmenterSettings:
    """How texts are prepared.

    Attributes:
        kind: of the subwords, `unigram` or `bpe`; random segmentation depends on it.
        byte_fallback: characters outside the vocabulary are spelled as bytes.
        normalisation: `light`, `nfkc` or `none` (`toolkit.translation.segmentation.normalisation`).
        placeholders: symbols for placeholders, 0 to 99; further ones in a sentence are spelled out.
        protect: the kinds of placeholders that get symbols (`toolkit.translation.placeholders.KINDS`); `number` can
            be added where both languages write numbers alike. Empty: none.
        languages: codes of the languages that a multilingual model writes.
        lower_source: sources are lower-cased; their casing is then lost, or an annotation, or a factor that a network
            of one's own has to embed (see `factors` of this package). Not for models that plain `transformers` shall
            run.
        annotations: factors of the source (`case`, `pos`) that are written into it as symbols before words; any network
            can read them. Not for models that plain `transformers` shall run either.
        tagger: the spaCy model that finds parts of speech for `pos`.

    Raises:
        ConfigError: naming every field with an impossible value.
    """

    kind: Kind = "unigram"
    byte_fallback: bool = True
    normalisation: Normalisation = "light"
    placeholders: int = 16
    protect: tuple[str, ...] = KINDS
    languages: tuple[str, ...] = ()
    lower_source: bool = False
    annotations: tuple[str, ...] = ()
    tagger: str = ""

    def __post_init__(self) -> None:
        problems = []
        for name, choices in (("kind", get_args(Kind)), ("normalisation", get_args(Normalisation))):
            if getattr(self, name) not in choices:
                problems.append(Problem(name, f"is {getattr(self, name)!r}; choices: {', '.join(choices)}"))
        for name in ("byte_fallback", "lower_source"):
            if not isinstance(getattr(self, name), bool):
                problems.append(Problem(name, f"is {getattr(self, name)!r}; it must be true or false"))
        count = self.placeholders
        if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= MOST:
            problems.append(Problem("placeholders", f"is {count!r}; it must be a whole number from 0 to {MOST}"))
        kinds = (*KINDS, NUMBER)
        problems += [
            Problem("protect", f"unknown kind '{name}'; {nearest(name, kinds)}")
            for name in self.protect
            if name not in kinds
        ]
        problems += [
            Problem("languages", f"'{code}' is no language code, such as en, de or zh-Hant")
            for code in self.languages
            if not _LANGUAGE.fullmatch(code)
        ]
        problems += [
            Problem("annotations", f"unknown factor '{name}'; {nearest(name, FACTORS)}")
            for name in self.annotations
            if name not in FACTORS
        ]
        if "pos" in self.annotations and not self.tagger:
            problems.append(Problem("tagger", "is missing: name the spaCy model that finds parts of speech"))
        if len(set(self.languages)) != len(self.languages):
            problems.append(Problem("languages", f"has a language twice: {', '.join(self.languages)}"))
        if problems:
            raise ConfigError(problems, "the segmentation")

    def to_document(self) -> dict[str, Any]:
        """The fields by name, fit for JSON and YAML."""
        document = {name: value for name, value in asdict(self).items() if value or name not in _LATER}
        return {**document, **{name: list(document[name]) for name in _LISTS if name in document}}

    @classmethod
    def from_document(cls, document: Mapping[str, Any], words: str = "the segmentation") -> SegmenterSettings:
        """The settings that a document holds; a field that is missing has its default.

        Args:
            document: fields by name, as `to_document` gives them.
            words: where it comes from, for an error message.

        Raises:
            ConfigError: a field is unknown or has an impossible value.
        """
        if not isinstance(document, Mapping):
            raise ConfigError([Problem("", f"expected fields by name, got {type(document).__name__}")], words)
        names = [one.name for one in fields(cls)]
        problems = [
            Problem(str(name), f"no such field; {nearest(str(name), names)}") for name in document if name not in names
        ]
        lists = {name: document[name] for name in _LISTS if name in document}
        for name, value in lists.items():
            if not isinstance(value, (list, tuple)) or not all(isinstance(one, str) for one in value):
                problems.append(Problem(name, f"is {value!r}; it must be a list of texts"))
        if problems:
            raise ConfigError(problems, words)
        try:
            return cls(**{**document, **{name: tuple(value) for name, value in lists.items()}})
        except ConfigError as error:
            raise ConfigError(error.problems, words) from None
