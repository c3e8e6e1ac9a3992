"""Starting on sentence pairs: look at them, choose by the rules of `toolkit.translation.choices`, write the recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.config.overrides import apply_overrides
from toolkit.config.plan import Plan
from toolkit.data.fingerprint import names_fingerprint
from toolkit.errors import DataError
from toolkit.translation import choices
from toolkit.translation.survey import Survey, survey_pairs

_LONGEST = 128  # subwords of a side


class TranslationStarter:
    """Plans a translator for two text files that belong together, or for one file that holds both sides.

    The second of two files is the override `data.target`. `docs/translation.md`, "Training", has the rules;
    `toolkit.translation.choices` has them as functions.
    """

    def plan(self, data: Path, overrides: Sequence[str], device: str) -> Plan:
        """Read the pairs and choose; see `toolkit.config.plan.Starter`.

        Raises:
            DataError: the files cannot be read, do not belong together, hold too little, or their languages are not
                known.
        """
        asked = apply_overrides({}, overrides, "the command line")
        given = _section(asked, "data")
        files = [data, *([Path(str(given["target"]))] if "target" in given else [])]
        survey = survey_pairs(files, given)
        usable = survey.statistics.pairs
        if usable < choices.FEWEST:
            raise DataError(
                f"{' and '.join(map(str, files))}: {usable} usable pairs, too few to learn from\n"
                + survey.report.to_text(),
                f"give {choices.FEWEST} at least; thousands are a beginning",
            )
        document, reasons = _planned(data, files, survey, asked, "gpu" if device == "cuda" else "cpu")
        lost = survey.report.total - survey.report.kept
        told = [*survey.report.to_text().splitlines()] if lost else []
        return Plan(
            document=document,
            reasons=(*reasons, *([f"as you asked: {', '.join(overrides)}"] if overrides else [])),
            notices=(*told, *choices.notices(usable, lost, survey.report.total)),
            seen=_look(files),
            place="data.source" if len(files) == 2 else "data.pairs",
        )

    def changes(self, data: Path, seen: Mapping[str, Any]) -> list[str]:
        """How the files differ from those that were planned for: their names and sizes, not their texts."""
        target = seen.get("target")
        now = _look([data, *([Path(str(target))] if target else [])])
        if now["digest"] == seen.get("digest"):
            return []
        return [f"{data}{f' or {target}' if target else ''} is not of the size it had when the run was begun"]


def _look(files: Sequence[Path]) -> dict[str, Any]:
    """What tells one corpus from another without reading it.

    Raises:
        DataError: a file is missing.
    """
    sizes = []
    for file in files:
        try:
            sizes.append((file.name, file.stat().st_size))
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror}", "check the path") from error
    found: dict[str, Any] = {"files": len(files), "digest": names_fingerprint(sizes)}
    return {**found, "target": str(files[1])} if len(files) == 2 else found


def _planned(
    data: Path, files: Sequence[Path], survey: Survey, asked: Mapping[str, Any], machine: str
) -> tuple[dict[str, Any], list[str]]:
    """The recipe, and the reasons of what was chosen for it."""
    pairs, languages = survey.statistics.pairs, survey.languages
    reasons = [
        f"languages {languages[0]} to {languages[1]}: {survey.why}",
        f"{survey.report.total:,} pairs, {pairs:,} of them usable; a sentence has "
        f"{survey.characters[0]:.0f} and {survey.characters[1]:.0f} characters on average",
    ]
    trainer = _section(asked, "trainer")
    network = choices.network(pairs, machine)
    vocabulary = choices.vocabulary(pairs, languages)
    batch, split = choices.batch(machine), choices.split(pairs)
    tokens = int(trainer.get("batch_tokens", batch.value))
    longer = max(choices.tokens_per_pair(count, code) for count, code in zip(survey.characters, languages, strict=True))
    together = max(1.0, min(tokens / longer, float(pairs)))
    steps = choices.length(pairs, together, machine)
    count = int(trainer.get("steps", steps.value))
    width = int(_section(asked, "generator").get("width", network.value["width"]))
    rate = choices.learning_rate(width, count, together)
    made = (("data", "vocabulary", vocabulary), ("generator", "width", network), ("trainer", "batch_tokens", batch))
    reasons += [choice.why for section, name, choice in made if name not in _section(asked, section)]
    reasons += [steps.why] if "steps" not in trainer else []
    reasons += [choice.why for name, choice in (("optimizer", rate), ("split", split)) if name not in asked]
    every = max(50, min(1_000, count // 10))
    place = {"source": str(files[0]), "target": str(files[1])} if len(files) == 2 else {"pairs": str(files[0])}
    document = {
        "name": re.sub(r"[^0-9A-Za-z]+", "-", f"{data.stem}-{languages[0]}-{languages[1]}").strip("-").lower(),
        "seed": 0,
        "task": {"name": "translation"},
        "data": {
            "name": "parallel_text",
            "source_language": languages[0],
            "target_language": languages[1],
            **place,
            "vocabulary": vocabulary.value,
            "longest": _LONGEST,
        },
        "split": split.value,
        "generator": network.value,
        "discriminators": {},
        "terms": [{"name": "cross_entropy", "target": "target", "average": "token", "smoothing": 0.1}],
        "optimizer": {"generator": {"name": "adam", "lr": rate.value, "beta1": 0.9, "beta2": 0.98}},
        "ema": {"half_life": round(40 * together)},
        "trainer": {
            "steps": steps.value,
            "batch_tokens": batch.value,
            "clip_gradient": 1.0,
            "samples_every": every,
            "evaluate_every": every,
            "checkpoint_every": every,
            "best_metric": "bleu",
            "best_is": "highest",
        },
        "report": {"evaluation_samples": 400},
    }
    return document, reasons


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}
