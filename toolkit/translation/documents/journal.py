"""What has been translated so far, beside the output, so that an interrupted run loses nothing."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from toolkit.engine.files import explain_disk_full
from toolkit.errors import DataError
from toolkit.translation.documents.segment import Segment, Translated

ENDING = ".progress.jsonl"


class Journal:
    """A file `<output>.progress.jsonl` with one finished translation in each line, pushed to the disk batch by batch.

    A translation is found again by the key and the content of its segment and the settings it was made with: after a
    change of the text, of the model or of an option it is made anew. A last line that was cut off is dropped.

    Args:
        output: the file that is being made.
        settings: what else a translation depends on (model, language, options), as text.

    Raises:
        DataError: the file cannot be opened.
    """

    def __init__(self, output: Path | str, settings: str = "") -> None:
        output = Path(output)
        self.path = output.with_name(output.name + ENDING)
        self._settings = settings
        self._known: dict[str, Translated] = {}
        self._file: BinaryIO | None = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            whole = self._read()
            self._file = open(self.path, "ab")  # noqa: SIM115 - closed by `close`
            self._file.truncate(whole)
        except OSError as error:
            raise DataError(
                f"{self.path} cannot be used: {error.strerror or error}", "choose another place for the output"
            ) from error

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __len__(self) -> int:
        """Number of translations that it holds."""
        return len(self._known)

    def get(self, segment: Segment) -> Translated | None:
        """The translation that an earlier run made of a segment, or this one; `None` when there is none."""
        return self._known.get(self._mark(segment))

    def add(self, batch: Iterable[tuple[Segment, Translated]]) -> None:
        """Remember translations; when this returns they survive a crash.

        Raises:
            TrainingError: the disk is full.
        """
        if self._file is None:
            raise ValueError("the journal is closed")
        lines = []
        for segment, translated in batch:
            mark = self._mark(segment)
            self._known[mark] = translated
            entry = {"mark": mark, "text": translated.text, "fuzzy": translated.fuzzy, "note": translated.note}
            lines.append(json.dumps(entry, ensure_ascii=True) + "\n")
        with explain_disk_full(self.path):
            self._file.write("".join(lines).encode())
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file and leave it for the next run."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def remove(self) -> None:
        """Delete it, now that the output is complete."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _mark(self, segment: Segment) -> str:
        content = "\x1f".join((self._settings, segment.key, segment.source))
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def _read(self) -> int:
        """Read what is there.

        Returns:
            The length in bytes of the lines that are whole.
        """
        if not self.path.exists():
            return 0
        whole = 0
        with open(self.path, "rb") as file:
            for line in file:
                try:
                    entry = json.loads(line)
                    known = Translated(str(entry["text"]), bool(entry["fuzzy"]), str(entry["note"]))
                    mark = str(entry["mark"])
                except (ValueError, KeyError, TypeError):
                    break  # the power went while this line was written; what follows was written after it
                if not line.endswith(b"\n"):
                    break
                self._known[mark] = known
                whole += len(line)
        return whole
