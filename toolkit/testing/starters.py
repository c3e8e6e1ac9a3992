"""The contract of starters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolkit.config import Recipe, load_recipe, to_document
from toolkit.config.plan import Plan, Starter
from toolkit.errors import ToolkitError
from toolkit.testing.subject import PartLike, Subject


def check_starter(
    part: PartLike, /, *, data: Path, asked: Sequence[str] = ("trainer.steps=7",), **overrides: Any
) -> None:
    """The contract of a starter.

    * it plans a run on the data: a document that is a valid recipe, and a sentence of reason at least;
    * the same data gives the same plan;
    * it takes the user's overrides into account without getting in their way: they are valid on its document, and win;
    * what it notes of the data is plain (JSON), and the same data is no change;
    * the probe's paths lead to weights in the recipe, and its factors hold 1, the plan's own weights;
    * data that is not there is refused with a `ToolkitError` that shows a way out.

    Args:
        part: registered name, or class.
        data: data that it can start on.
        asked: overrides that fit its document.
        overrides: constructor arguments.

    Raises:
        BrokenRuleError: naming the part and the broken rule.
    """
    subject = Subject("starters", part, overrides)
    subject.check_signature()
    starter: Starter = subject.build()
    with subject.rule("plans a run on the data"):
        plan = starter.plan(data, (), "cpu")
    recipe = _check_plan(subject, plan)
    _check_probe(subject, plan, recipe)
    again: Starter = subject.build()
    subject.must(again.plan(data, (), "cpu") == plan, "gives the same plan for the same data")
    with subject.rule("plans a run with overrides, and they are valid on its document"):
        changed = load_recipe(starter.plan(data, tuple(asked), "cpu").document, tuple(asked))
    subject.must(changed != recipe, "leaves the overrides their effect")
    with subject.rule("notes of the data what JSON can hold"):
        seen = json.loads(json.dumps(dict(plan.seen)))
    subject.must(starter.changes(data, seen) == [], "finds no change in the same data")
    missing = data.parent / "not-there"
    try:
        starter.plan(missing, (), "cpu")
    except ToolkitError as error:
        subject.must(bool(error.way_out), "refuses data that is not there, and shows a way out")
    else:
        subject.must(False, "refuses data that is not there")


def _check_plan(subject: Subject, plan: Plan) -> Recipe:
    with subject.rule("writes a document that is a valid recipe"):
        recipe = load_recipe(plan.document)
    sentences = (*plan.reasons, *plan.notices)
    subject.must(plan.reasons and all(isinstance(line, str) and line.strip() for line in sentences), "gives reasons")
    subject.must(all("\n" not in line for line in sentences), "gives each reason and notice in one line")
    return recipe


def _check_probe(subject: Subject, plan: Plan, recipe: Recipe) -> None:
    if plan.probe is None:
        return
    subject.must(1.0 in plan.probe.factors, "probes with the plan's own weights among others")
    subject.must(plan.probe.steps >= 1, "probes for at least one step")
    for path in plan.probe.paths:
        found: Any = to_document(recipe)
        with subject.rule(f"names places in the recipe to probe, and '{path}' is one"):
            for step in path.split("."):
                found = found[int(step)] if isinstance(found, list) else found[step]
