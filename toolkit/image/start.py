"""Starting on somebody's pictures: look at them, choose by the rules of `toolkit.image.choices`, write the recipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.config.overrides import apply_overrides
from toolkit.config.plan import Plan, Probe
from toolkit.data.fingerprint import names_fingerprint
from toolkit.data.listing import list_pictures
from toolkit.errors import ConfigError, DataError, Problem
from toolkit.image import choices
from toolkit.image.notices import left_out, notices, refuse_useless
from toolkit.image.recipe_for import Chosen, document
from toolkit.image.survey import Survey, survey_pictures


class ImageStarter:
    """Plans a generator of pictures for a folder of them, or for an `.npz` file.

    `docs/images.md`, "How the choices are made", has the rules; `toolkit.image.choices` has them as functions.
    """

    def plan(self, data: Path, overrides: Sequence[str], device: str) -> Plan:
        """Look at the pictures and choose; see `toolkit.config.plan.Starter`.

        Raises:
            DataError: there are fewer than 20 usable pictures, or they are all alike or of one colour.
            ConfigError: a resolution was asked for that the networks are not made for.
        """
        asked = _Asked(apply_overrides({}, overrides, "the command line"))
        machine = "gpu" if device == "cuda" else "cpu"
        survey, classes = _look(data, asked)
        refuse_useless(survey)
        chosen, reasons = _choose(survey, classes, asked, machine)
        probe, unprobed = _probe(chosen, asked, machine)
        given = [f"as you asked: {', '.join(overrides)}"] if overrides else []
        return Plan(
            document=document(survey, chosen),
            reasons=(*reasons, *unprobed, *given),
            notices=(*notices(survey, chosen.resolution), *left_out(survey)),
            seen=look(data),
            probe=probe,
        )

    def changes(self, data: Path, seen: Mapping[str, Any]) -> list[str]:
        """How the pictures differ from those that were planned for: their number and files, not their pixels."""
        now = look(data)
        if now["digest"] == seen.get("digest"):
            return []
        before, count = seen.get("files"), now["files"]
        if count == before:
            return [f"{data} holds as many files as when the run was begun, {count}, but not the same ones"]
        return [f"{data} holds {count} files now; when the run was begun there were {before}"]


def look(data: Path) -> dict[str, Any]:
    """What tells one set of pictures from another without reading them: names below the folder, and sizes of files.

    Raises:
        DataError: there is nothing.
    """
    if data.is_file():
        files = [("", data)]
    else:
        files = [*list_pictures(data).pictures, *((file.name, file) for file in sorted(data.glob("*.npz")))]
    return {"files": len(files), "digest": names_fingerprint(_sizes(files))}


def _sizes(files: Sequence[tuple[str, Path]]) -> Iterator[tuple[str, int]]:
    for key, file in files:
        try:
            yield key, file.stat().st_size
        except OSError as error:
            raise DataError(f"{file} cannot be read: {error.strerror}") from error


class _Asked:
    """What the overrides say already, so that the other choices fit."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def get(self, path: str) -> Any:
        """The value that was asked for at a dotted path, or `None`."""
        found: Any = self._document
        for step in path.split("."):
            found = found.get(step) if isinstance(found, Mapping) else None
        return found

    def text(self, path: str) -> str | None:
        """The same, if it is a text."""
        found = self.get(path)
        return found if isinstance(found, str) else None

    def number(self, path: str) -> int | None:
        """The same, if it is a whole number from 1."""
        found = self.get(path)
        return found if isinstance(found, int) and not isinstance(found, bool) and found > 0 else None

    def __contains__(self, section: str) -> bool:
        return section in self._document


def _look(data: Path, asked: _Asked) -> tuple[Survey, choices.Choice]:
    """The survey, and whether there are classes; where there are none, pictures without one count as well."""
    labels, images = asked.text("data.labels"), asked.text("data.images") or "images"
    survey = survey_pictures(data, labels, asked.get("data.class_names"), images)
    outside = survey.unlabelled if labels is None and asked.get("data.class_names") is None else 0
    choice = choices.conditional(survey.labels, survey.classes, outside)
    wanted = asked.get("task.conditional")
    if outside and not (choice.value if wanted is None else wanted):
        survey = survey_pictures(data, "none", images=images)
    return survey, choice


def _choose(survey: Survey, classes: choices.Choice, asked: _Asked, machine: str) -> tuple[Chosen, list[str]]:
    """Every choice in the order in which one follows from the other, and the reasons of those that were made here."""
    reasons: list[str] = []

    def settle(choice: choices.Choice, wanted: Any = None) -> Any:
        if wanted is not None:
            return wanted
        reasons.append(choice.why)
        return choice.value

    _check_size(asked)
    size = settle(
        choices.resolution(survey.widths.tolist(), survey.heights.tolist(), machine), asked.number("data.resolution")
    )
    channels = settle(choices.channels(survey.looks), survey.channels or asked.number("data.channels"))
    conditional = settle(classes, asked.get("task.conditional"))
    flip = settle(choices.flip(survey.looks), asked.get("task.flip"))
    shares = choices.split(survey.count).value | (asked.get("split") or {})
    if "split" not in asked:
        reasons.append(choices.split(survey.count).why)
    training = survey.splits.get("train") or round(survey.count * float(shares.get("train", 0.9)))
    batch = asked.number("trainer.batch_size") or choices.batch_size(size, training, machine)
    if "generator" not in asked and "discriminator" not in asked:
        reasons.append(choices.networks(size, machine).why)
    steps = settle(choices.length(training, batch, machine), asked.number("trainer.steps"))
    penalty = choices.penalty(size, training)
    if "penalties" not in asked:
        reasons.append(penalty.why)
    augmentation = choices.augmentation(training, steps * batch)
    if "augmentation" not in asked:
        reasons.append(augmentation.why)
    chosen = Chosen(
        machine=machine,
        resolution=size,
        channels=channels,
        conditional=bool(conditional),
        keep_labels=bool(conditional) or asked.get("data.class_names") is not None,
        flip=bool(flip),
        split=dict(shares),
        training=training,
        batch_size=batch,
        steps=steps,
        penalty=penalty.value,
        augmentation=augmentation.value,
    )
    return chosen, reasons


def _check_size(asked: _Asked) -> None:
    """The networks that are chosen here are made for some sizes; other networks may be for others."""
    size = asked.get("data.resolution")
    if size is not None and size not in choices.SIZES and asked.text("generator") is None:
        sizes = ", ".join(map(str, choices.SIZES))
        raise ConfigError([Problem("data.resolution", f"is {size}; choices: {sizes}")], "the command line")


def _probe(chosen: Chosen, asked: _Asked, machine: str) -> tuple[Probe | None, list[str]]:
    """The trial games for the penalty weight, where they are worth their time; else why they are not."""
    if "penalties" in asked or "loss" in asked:
        return None, ["probe none: you chose the loss or the penalties yourself"]
    steps = choices.probe_steps(chosen.resolution, chosen.steps, machine)
    if steps is None:
        return None, [f"probe none: trial games would take too large a share of {chosen.steps:,} steps"]
    return Probe(("penalties.0.weight", "penalties.1.weight"), choices.PROBE_FACTORS, steps), []
