"""The lexicons that come with gruut, with an index: gruut itself reads the whole table for each word."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from toolkit.errors import PluginError


class GruutLexicon:
    """Words with their phones, copied into memory (a tenth of a second for English, half a second for Spanish).

    Without the index each word costs 7 ms (English) to 30 ms (Spanish) of reading, so that one sentence with a few
    compounds takes seconds.

    Args:
        file: the lexicon's SQLite data base.

    Raises:
        PluginError: it cannot be read.
    """

    def __init__(self, file: Path) -> None:
        try:
            self._base = sqlite3.connect(":memory:", check_same_thread=False)
            if not file.is_file():  # SQLite would make an empty one
                raise sqlite3.OperationalError("there is no such file")
            self._base.execute("ATTACH ? AS source", (str(file),))
            self._base.execute(
                "CREATE TABLE words AS SELECT word, role, phonemes FROM source.word_phonemes ORDER BY pron_order, id"
            )
            self._base.execute("CREATE INDEX by_word ON words (word)")
            self._base.commit()
            self._base.execute("DETACH source")
        except sqlite3.Error as error:
            raise PluginError(
                f"gruut's lexicon {file} cannot be read: {error}", "reinstall gruut and its data"
            ) from error
        self._seen: dict[str, dict[str, str]] = {}

    def look_up(self, word: str, role: str | None = None) -> list[str] | None:
        """The phones of a word: of this role (part of speech) where the lexicon has it, else the common ones."""
        for form in _forms(word):
            roles = self._roles(form)
            if roles:
                found = roles.get(role) if role else None
                return (found or roles.get("") or next(iter(roles.values()))).split()
        return None

    def _roles(self, form: str) -> dict[str, str]:
        if form not in self._seen:
            roles: dict[str, str] = {}
            for role, phones in self._base.execute(
                "SELECT role, phonemes FROM words WHERE word = ? ORDER BY rowid", (form,)
            ):
                roles.setdefault(role, phones)
            if len(self._seen) > 50_000:
                self._seen.clear()
            self._seen[form] = roles
        return self._seen[form]


def _forms(word: str) -> Iterator[str]:
    yield word
    lower = word.lower()
    if lower != word:
        yield lower
