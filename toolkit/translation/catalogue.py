"""Messages of programs from gettext catalogues; with a small one that comes with the toolkit."""

from __future__ import annotations

from pathlib import Path

from toolkit.translation.parallel_text import ParallelText

EMBEDDED = Path(__file__).with_name("catalogues") / "editor.de.po"
"""Messages of an editor that does not exist, English and German."""


class Catalogue(ParallelText):
    """Translated messages of PO or MO files; any other file of sentence pairs can stand beside them.

    Fuzzy and untranslated messages are left out; of a message with plural forms the singular and the plural are two
    pairs. Placeholders get symbols, so that they are learned as one thing, whatever they are called.

    Args:
        files: catalogues with one target language; the embedded one when left out.
        source_language: ISO 639 code of the messages in the program.
        target_language: of the translations.
        folder: what the names are relative to: a data set in `$TOOLKIT_DATA` or the cache.
        vocabulary: subwords, both languages together; small catalogues get fewer.
        segmentation: model folder whose vocabulary is used, to adapt that model.
        longest: subwords of a side; longer messages are left out.

    Raises:
        DataError: a file cannot be read.
        ConfigError: a language is unknown.
    """

    def __init__(
        self,
        files: str | list[str] | None = None,
        source_language: str = "en",
        target_language: str = "de",
        folder: str | None = None,
        vocabulary: int = 1500,
        segmentation: str | None = None,
        longest: int = 128,
    ) -> None:
        super().__init__(
            source_language,
            target_language,
            pairs=str(EMBEDDED) if files is None else files,
            folder=folder if files is not None else None,
            vocabulary=vocabulary,
            segmentation=segmentation,
            longest=longest,
        )
