"""A whole file through a translator: batch by batch, remembered as it goes, checked at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from toolkit.errors import DataError
from toolkit.translation.documents.checks import checked
from toolkit.translation.documents.journal import Journal
from toolkit.translation.documents.segment import Document, Segment, Translated, to_translate
from toolkit.translation.results import Translation
from toolkit.translation.terms import Termbase

_BATCH = 128  # segments between two entries of the journal


class Translates(Protocol):
    """What translates: `toolkit.translation.pipeline.TranslationPipeline`."""

    def translate(self, text: list[str], *, terms: Termbase | None = None, **options: Any) -> list[Translation]:
        """Translations of texts."""
        ...


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of a file.

    Attributes:
        output: the file that was written.
        segments: texts of the document.
        translated: those that were translated now.
        resumed: those that an interrupted run had translated before.
        kept: those that had a translation already.
        repaired: translations whose placeholders or blanks were put right.
        doubtful: where, and why, of translations that need a human's eye; formats that know such a mark have it.
        terms_kept: terms translated as prescribed.
        terms: terms that occurred.
    """

    output: Path
    segments: int
    translated: int
    resumed: int
    kept: int
    repaired: int
    doubtful: tuple[tuple[str, str], ...]
    terms_kept: int
    terms: int

    def to_document(self) -> dict[str, Any]:
        """The report, fit for JSON."""
        return {
            "output": str(self.output),
            "segments": self.segments,
            "translated": self.translated,
            "resumed": self.resumed,
            "kept": self.kept,
            "repaired": self.repaired,
            "doubtful": [{"place": place, "reason": reason} for place, reason in self.doubtful],
            "term_accuracy": self.terms_kept / self.terms if self.terms else None,
        }


def translate_document(
    pipeline: Translates,
    document: Document,
    output: Path,
    *,
    terms: Termbase | None = None,
    options: Mapping[str, Any] | None = None,
    again: bool = False,
    identity: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> FileReport:
    """Translate a document and write it.

    What is finished stands in a journal beside the output until the output is complete: after an interruption the same
    call goes on where it was. Placeholders, tags and blanks are checked; what can only be meant in one way is put
    right, and what is wrong is marked as doubtful.

    Args:
        pipeline: the translator.
        document: what to translate.
        output: the file to write, whole or not at all; it may be the document itself.
        terms: a termbase to keep to.
        options: how to translate (`toolkit.translation.options.Options`).
        again: also translate what has a translation already.
        identity: names the model and the options, so that a journal of others is not used.
        progress: told how many texts are done, and of how many.

    Raises:
        DataError: the output cannot be written.
    """
    wanted = to_translate(document, again)
    done: dict[str, Translated] = {}
    repaired, kept, total = 0, 0, 0
    with Journal(output, identity) as journal:
        for segment in wanted:
            if (known := journal.get(segment)) is not None:
                done[segment.key] = known
        resumed = len(done)
        left = [segment for segment in wanted if segment.key not in done]
        for first in range(0, len(left), _BATCH):
            batch = left[first : first + _BATCH]
            answers = pipeline.translate([segment.source for segment in batch], terms=terms, **(options or {}))
            found = [_checked(segment, answer) for segment, answer in zip(batch, answers, strict=True)]
            journal.add(zip(batch, found, strict=True))
            done.update((segment.key, one) for segment, one in zip(batch, found, strict=True))
            repaired += sum(one.text != answer.text for one, answer in zip(found, answers, strict=True))
            kept += sum(right for answer in answers for _, right in answer.terms)
            total += sum(len(answer.terms) for answer in answers)
            if progress is not None:
                progress(resumed + first + len(batch), len(wanted))
        document.write(output, done)
        journal.remove()
    doubtful = tuple((one.origin or one.key, done[one.key].note) for one in wanted if done[one.key].fuzzy)
    count = len(document.segments)
    return FileReport(output, count, len(left), resumed, count - len(wanted), repaired, doubtful, kept, total)


def require_room(inputs: Sequence[Path], output: Path) -> None:
    """See that the output is a file that can be written, before anything is translated.

    Raises:
        DataError: it is a folder.
    """
    if output.is_dir():
        raise DataError(f"{output} is a folder", f"name a file in it: {output / inputs[0].name}")


def _checked(segment: Segment, answer: Translation) -> Translated:
    found = checked(segment.source, answer.text)
    missed = [
        f"'{term.source}' is not translated as {' or '.join(term.targets)}" for term, kept in answer.terms if not kept
    ]
    if not missed:
        return found
    return Translated(found.text, True, "; ".join(filter(None, [found.note, *missed])))
