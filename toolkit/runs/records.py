"""What a run keeps of the plan that began it: `plan.json` to go on by, `PLAN.md` to read."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.config import Recipe
from toolkit.config.plan import Plan
from toolkit.runs.probe import Probed
from toolkit.runs.trial import Trial

PLAN_FILE, PLAN_WORDS = "plan.json", "PLAN.md"


def plan_record(
    starter: str, data: Path, overrides: Sequence[str], plan: Plan, probed: Probed | None
) -> dict[str, Any]:
    """The plan as plain values: where the data lay and what it was, what was chosen and why, what the probe found."""
    probe = None
    if probed is not None:
        probe = {
            "features": probed.features,
            "trials": [trial.as_document() for trial in probed.trials],
            "chosen_factor": probed.chosen.factor,
            "why": probed.why,
        }
    return {
        "starter": starter,
        "data": str(data),
        "place": plan.place,
        "seen": dict(plan.seen),
        "overrides": list(overrides),
        "reasons": list(plan.reasons),
        "notices": list(plan.notices),
        "probe": probe,
    }


def plan_words(record: Mapping[str, Any], recipe: Recipe) -> str:
    """The same as a page of Markdown."""
    lines = [f"# Why {recipe.name} is trained as it is", "", f"Data: `{record['data']}`", ""]
    lines += [f"- {reason}" for reason in record["reasons"]]
    if record["notices"]:
        lines += ["", "## About the data", "", *(f"- {notice}" for notice in record["notices"])]
    if record["probe"] is not None:
        lines += ["", "## The probe of the penalty weight", "", *_table(record["probe"])]
    lines += ["", "`recipe.yaml` beside this file holds every setting; `toolkit resume` changes some of them.", ""]
    return "\n".join(lines)


def _table(probe: Mapping[str, Any]) -> list[str]:
    rows = [
        f"| {_weights(trial['weights'])} | {_number(trial['distance'])} | {trial['diversity']:.2f} | "
        f"{trial['win_rate']:.2f} | {trial['verdict']} |"
        for trial in probe["trials"]
    ]
    head = [f"| weight | distance ({probe['features']}) | diversity | win rate | |", "| --- | --- | --- | --- | --- |"]
    return [*head, *rows, "", f"{probe['why'][:1].upper()}{probe['why'][1:]}."]


def probe_lines(probed: Probed) -> list[str]:
    """What the probe found, as a small table for the terminal."""
    lines = [f"probe: {'weight':>8}  {'distance':>9}  {'diversity':>9}  {'wins':>5}"]
    for trial in probed.trials:
        mark = "  <- chosen" if trial is probed.chosen else ""
        lines.append(
            f"       {_weights(trial.weights):>8}  {_number(_finite(trial)):>9}  {trial.diversity:>9.2f}  "
            f"{trial.win_rate:>5.2f}  {trial.verdict}{mark}"
        )
    return [*lines, f"probe: {probed.why} (distances in {probed.features})"]


def _finite(trial: Trial) -> float | None:
    return trial.distance if math.isfinite(trial.distance) else None


def _weights(weights: Sequence[float]) -> str:
    return "/".join(f"{weight:g}" for weight in dict.fromkeys(weights))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
