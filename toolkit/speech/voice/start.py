"""Starting a voice on recordings: look at them, choose by `toolkit.speech.voice.choices`, write the recipe."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.config.overrides import apply_overrides
from toolkit.config.plan import Plan
from toolkit.data.fingerprint import names_fingerprint
from toolkit.data.splits import split
from toolkit.errors import DataError
from toolkit.speech.collection import find_folder
from toolkit.speech.start import look as look_at_recordings
from toolkit.speech.voice import choices
from toolkit.speech.voice.recorded import RecordedTexts
from toolkit.speech.voice.texts import BESIDE, TABLES

_SHOWN = 20  # lines and recordings that were left out, named in the plan
_RARE = 5  # times that a phone should be heard, to be said well


class VoiceStarter:
    """Plans a voice for a folder of recordings with texts.

    `docs/voices.md`, "How the choices are made", has the rules; `toolkit.speech.voice.choices` has them as functions.
    """

    def plan(self, data: Path, overrides: Sequence[str], device: str) -> Plan:
        """Read texts and recordings and choose; see `toolkit.config.plan.Starter`.

        Raises:
            DataError: there are no usable recordings with texts.
        """
        asked = apply_overrides({}, overrides, "the command line")
        machine = "gpu" if device == "cuda" else "cpu"
        given: Any = asked.get("data") if isinstance(asked.get("data"), Mapping) else {}
        settings = {key: value for key, value in given.items() if key not in ("name", "path")}
        source = RecordedTexts(path=str(data), **{"sample_rate": choices.RATE, **settings})
        seconds, frames = float(source.seconds.sum()), int(source.lengths[:, 1].sum())
        network, steps = choices.network(seconds), choices.steps(frames, machine)
        why = [
            f"{len(source)} recordings with texts, {seconds / 60:.1f} minutes, {_speakers(source)}",
            f"phonemes by {source.front_end.phonemizer.name} for the language '{source.front_end.language}': "
            f"{len(source.inventory.symbols)} different ones (data.language=de chooses another language)",
            network.why,
            steps.why,
            *([f"as you asked: {', '.join(overrides)}"] if overrides else []),
        ]
        told = [
            *choices.notices(seconds, len(source), len(source.problems)),
            *_rare(source),
            *(f"{problem.path}: {problem.reason}" for problem in source.problems[:_SHOWN]),
            *([source.note] if source.note else []),
        ]
        document = _document(data, source, network.value, steps.value, machine)
        return Plan(document, tuple(why), tuple(told), look(data))

    def changes(self, data: Path, seen: Mapping[str, Any]) -> list[str]:
        """How recordings and texts differ from those that were planned for."""
        now = look(data)
        if now == dict(seen):
            return []
        if now["files"] != seen.get("files"):
            return [
                f"{data} holds {now['files']} recordings now; when the run was begun there were {seen.get('files')}"
            ]
        return [f"the recordings or texts in {data} are not the same as when the run was begun"]


def look(data: Path) -> dict[str, Any]:
    """What tells one folder of recordings with texts from another without reading them.

    Raises:
        DataError: there are none.
    """
    folder = find_folder(str(data))
    texts = [file for name in TABLES if (file := folder / name).is_file()]
    texts = texts or sorted(file for end in BESIDE for file in folder.rglob(f"*{end}"))
    digest = names_fingerprint((str(file.relative_to(folder)), file.stat().st_size) for file in texts)
    return {**look_at_recordings(data), "texts": digest}


def _speakers(source: RecordedTexts) -> str:
    count = len(source.speakers)
    return "one speaker" if count == 1 else f"{count} speakers: {', '.join(source.speakers[:8])}"


def _rare(source: RecordedTexts) -> list[str]:
    """Phones that will hardly be learned."""
    rare = [f"{symbol} ({count})" for symbol, count in source.inventory.counts.items() if count < _RARE]
    return [f"heard fewer than {_RARE} times, and so said badly: {', '.join(rare)}"] if rare else []


def _document(
    data: Path, source: RecordedTexts, network: Mapping[str, Any], steps: int, machine: str
) -> dict[str, Any]:
    """The recipe as a document, in the order of a recipe file."""
    tokens = choices.TOKENS[machine]
    sentences = max(1.0, len(source) * tokens / max(int(source.lengths[:, 1].sum()), 1))
    falling = {"name": "cosine", "start": 1.5e-3, "end": 1e-4, "samples": round(steps * sentences)}
    every = max(250, steps // 10)
    if len(source) < 4:
        raise DataError(
            f"{len(source)} recordings are too few for training, validation and test", "give at least 4 recordings"
        )
    fixed = {source.split_of(place) for place in range(len(source))} - {None}
    shares = {"train": 0.9, "validation": 0.05, "test": 0.05}
    if len(source) < 200 and not fixed & {"validation", "test"}:
        shares = {"train": 0.8, "validation": 0.1, "test": 0.1}
    return {
        "name": re.sub(r"[^0-9A-Za-z]+", "-", data.stem).strip("-").lower() or "voice",
        "seed": 0,
        "task": {"name": "acoustic"},
        "data": {"name": "spoken_texts", "path": str(data), "sample_rate": source.sample_rate},
        "split": shares,
        "generator": dict(network),
        "terms": ["mel_frames", "duration", "pitch", "energy", "forward_sum"],
        "optimizer": {
            "generator": {
                "name": "adam",
                "lr": {"name": "warm_up", "samples": round(100 * sentences), "then": falling},
                "beta1": 0.9,
                "beta2": 0.98,
                "weight_decay": 0.01,
            }
        },
        "ema": {"half_life": round(100 * sentences)},
        "trainer": {
            "steps": steps,
            "batch_tokens": tokens,
            "clip_gradient": 5.0,
            "samples_every": every,
            "evaluate_every": every if len(split(source, shares)["validation"]) else None,
            "checkpoint_every": 250,
            "best_metric": "mel_l1",
        },
        "report": {"samples": 3, "evaluation_samples": 32},
    }
