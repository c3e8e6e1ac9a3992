"""Starting on recordings: look at them, choose by the rules of `toolkit.speech.choices`, write the recipe."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.config.overrides import apply_overrides
from toolkit.config.plan import Plan
from toolkit.data.fingerprint import names_fingerprint
from toolkit.data.splits import split
from toolkit.errors import DataError
from toolkit.speech import choices
from toolkit.speech.collection import Recording, collect
from toolkit.speech.files import audio_rate
from toolkit.speech.recordings import Recordings

_LOOKED_AT = 200  # recordings whose header is read to find the usual sample rate
_SHOWN = 20  # recordings that were left out, named in the plan


class VocoderStarter:
    """Plans a vocoder for a folder of recordings, with or without texts beside them.

    `docs/speech.md`, "How the choices are made", has the rules; `toolkit.speech.choices` has them as functions.
    """

    def plan(self, data: Path, overrides: Sequence[str], device: str) -> Plan:
        """Listen to the recordings and choose; see `toolkit.config.plan.Starter`.

        Raises:
            DataError: there are no usable recordings.
        """
        asked = apply_overrides({}, overrides, "the command line")
        machine = "gpu" if device == "cuda" else "cpu"
        rate = choices.sample_rate(_rates(collect([str(data)]).recordings), machine)
        given: Any = asked.get("data") if isinstance(asked.get("data"), Mapping) else {}
        wanted = given.get("sample_rate", rate.value)
        settings = {key: value for key, value in given.items() if key not in ("name", "path")}
        source = Recordings(path=str(data), **{"sample_rate": wanted, "maximum_seconds": choices.LONGEST, **settings})
        seconds = float(sum(source.seconds))
        length, networks = choices.length(seconds, machine), choices.networks(machine)
        shares = choices.split(lambda wanted: {name: len(part) for name, part in split(source, wanted).items()})
        why = [
            f"{len(source)} recordings, {seconds / 60:.1f} minutes",
            *([] if "sample_rate" in given else [rate.why]),
            *([] if "split" in asked else [shares.why]),
            networks.why,
            length.why,
            *([f"as you asked: {', '.join(overrides)}"] if overrides else []),
        ]
        told = [
            *choices.notices(seconds, len(source.problems), len(source)),
            *(f"{problem.path}: {problem.reason}" for problem in source.problems[:_SHOWN]),
            *([source.note] if source.note else []),
        ]
        document = _document(data, wanted, shares.value, networks.value, machine)
        return Plan(document, tuple(why), tuple(told), look(data))

    def changes(self, data: Path, seen: Mapping[str, Any]) -> list[str]:
        """How the recordings differ from those that were planned for: their number and files, not their sound."""
        now = look(data)
        if now["digest"] == seen.get("digest"):
            return []
        before, count = seen.get("files"), now["files"]
        if count == before:
            return [f"{data} holds as many recordings as when the run was begun, {count}, but not the same ones"]
        return [f"{data} holds {count} recordings now; when the run was begun there were {before}"]


def look(data: Path) -> dict[str, Any]:
    """What tells one folder of recordings from another without reading them.

    Raises:
        DataError: there are none.
    """
    recordings = collect([str(data)]).recordings
    return {
        "files": len(recordings),
        "digest": names_fingerprint((recording.key, recording.size) for recording in recordings),
    }


def _rates(recordings: Sequence[Recording]) -> dict[int, int]:
    """How many of the recordings have which sample rate; those that cannot be read are left to whoever reads them."""
    every = max(1, len(recordings) // _LOOKED_AT)
    found: Counter[int] = Counter()
    unreadable: list[str] = []
    for recording in recordings[::every]:
        try:
            with recording.as_file() as file:
                found[audio_rate(file)] += 1
        except DataError as error:
            unreadable.append(error.message)
    if not found:
        raise DataError(
            f"none of the recordings can be read; the first: {unreadable[0]}", "convert them to WAV or FLAC"
        )
    return dict(found)


def _document(
    data: Path, rate: int, shares: Mapping[str, float], networks: Mapping[str, Any], machine: str
) -> dict[str, Any]:
    """The recipe as a document, in the order of a recipe file."""
    settings = choices.MACHINES[machine]
    nearest = min(choices.FORMATS, key=lambda known: abs(known - rate))
    steps, batch = settings["steps"], settings["batch_size"]
    every = max(500, steps // 20) if shares["validation"] else None
    falling = {"name": "cosine", "end": 1e-4 if machine == "cpu" else 5e-5, "samples": steps * batch}
    adam = {"name": "adam", "beta1": 0.8, "beta2": 0.99, "weight_decay": 0.01}
    high = 8e-4 if machine == "cpu" else 5e-4
    return {
        "name": re.sub(r"[^0-9A-Za-z]+", "-", data.stem).strip("-").lower() or "vocoder",
        "seed": 0,
        "task": {"name": "vocoder", "segment": settings["segment"], "gain": 6.0, **choices.FORMATS[nearest]},
        "data": {"name": "recordings", "path": str(data), "sample_rate": rate, "maximum_seconds": choices.LONGEST},
        "split": dict(shares),
        **networks,
        "loss": "least_squares",
        "terms": [
            {"name": "mel_l1", "weight": 45.0, "fmax": None},
            {"name": "multi_resolution_stft", "weight": 10.0},
            {"name": "feature_matching", "weight": settings["feature_matching"]},
        ],
        "optimizer": {
            "generator": {**adam, "lr": {**falling, "start": high}},
            "discriminator": {**adam, "lr": 5e-4},
        },
        "ema": {"half_life": 500 * batch},
        "trainer": {
            "steps": steps,
            "batch_size": batch,
            "generator_warmup": settings["warm_up"] * batch,
            "shared_batch": True,
            "shared_fakes": True,
            "clip_gradient": 100.0,
            "samples_every": every,
            "evaluate_every": every,
            "checkpoint_every": 500,
            "best_metric": "mel_distance",
        },
        "report": {"evaluation_samples": 12},
    }
