"""Objectives compared honestly: every variant of a recipe from the same start, with the same budget and seeds."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.config import Recipe, load_recipe
from toolkit.config.documents import load_document
from toolkit.engine.device import choose_device, describe_machine
from toolkit.engine.files import atomic_write
from toolkit.engine.line_chart import Curve, line_chart
from toolkit.engine.models import CONFIG
from toolkit.engine.trackers import read_metrics
from toolkit.errors import ConfigError, DataError, Problem, nearest
from toolkit.runs.assemble import open_recipe
from toolkit.runs.models import load
from toolkit.runs.training import resume, train
from toolkit.translation.comparison import SystemScores, compare_systems
from toolkit.translation.segmented import pairs_behind, places_of
from toolkit.translation.terms import Termbase

START, GAME = "start", "recipe"
_CURVES = {"accuracy": "accuracy of the discriminator", "reward": "reward of what is drawn", "win_rate": "win rate"}


def compare(
    recipe: str | Path,
    out: str | Path,
    variants: Sequence[str] = (),
    seeds: Sequence[int] = (0,),
    overrides: Sequence[str] = (),
    *,
    baseline: str | None = None,
    samples: int | None = None,
    terms: Termbase | str | Path | None = None,
    quiet: bool = False,
) -> dict[str, Any]:
    """Train a recipe of translation and its variants, and compare what they write on the test split.

    Runs that are there already are used, and one that was cut short goes on, so a comparison can be interrupted.

    Args:
        recipe: a recipe folder, or the name of a packaged recipe; it must have a `start`.
        out: gets `runs/`, `comparison.json`, `comparison.md` and curves.
        variants: which to train; `recipe` is the recipe itself. All that begin with the same model when left out.
        seeds: each variant is trained with every one.
        overrides: `a.b=value` texts for all of them.
        baseline: the variant that the others are compared with; `more_mle` where there is one, else `start`.
        samples: test sentences, at most.
        terms: a termbase or its file: how many of its terms each system keeps, without being told to.
        quiet: no progress bars.

    Raises:
        ConfigError: a variant is unknown, or the recipe begins with nothing.
        DataError: these are no translators, or the test split is empty.
    """
    folder = Path(out)
    recipes = _recipes(recipe, variants, overrides)
    baseline = baseline or ("more_mle" if "more_mle" in recipes else START)
    if baseline not in (START, *recipes):
        raise ConfigError([Problem("baseline", f"'{baseline}' is not compared; {nearest(baseline, list(recipes))}")])
    base = terms if terms is None or isinstance(terms, Termbase) else Termbase.load(Path(terms))
    first = next(iter(recipes.values()))
    sources, references, language = _test_sentences(first, samples)
    start = load(str(first.start))
    systems = {START: _translations(start, sources, folder / "start.json") * len(seeds)}
    runs: dict[str, list[dict[str, Any]]] = {}
    for name, checked in recipes.items():
        runs[name], systems[name] = [], []
        for seed in seeds:
            path = folder / "runs" / f"{name}-{seed}"
            seconds = _trained(checked.model_copy(update={"seed": seed}), path, quiet)
            systems[name] += _translations(load(path), sources, path / "translations.json")
            runs[name].append({"path": str(path), "seed": seed, "seconds": seconds, "notes": _notes(path)})
    scores, signatures = compare_systems(
        systems,
        baseline,
        references * len(seeds),
        language,
        terms=None if base is None else (sources * len(seeds), base),
    )
    document = {
        "recipe": str(recipe),
        "start": first.start,
        "baseline": baseline,
        "seeds": list(seeds),
        "sentences": len(sources),
        "overrides": list(overrides),
        "machine": describe_machine(choose_device("cpu")),
        "signatures": signatures,
        "systems": {
            name: {"values": one.values, "p_values": one.p_values, "verdict": one.verdict, "runs": runs.get(name, [])}
            for name, one in scores.items()
        },
        "words": _words(scores, baseline),
        "charts": _charts(folder, runs),
    }
    atomic_write(folder / "comparison.json", json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    atomic_write(folder / "comparison.md", _table(document))
    return document


def _recipes(recipe: str | Path, variants: Sequence[str], overrides: Sequence[str]) -> dict[str, Recipe]:
    known, _ = load_document(recipe)
    names = [GAME, *known.get("variants", {})]
    unknown = [name for name in variants if name not in names]
    if unknown:
        raise ConfigError([Problem("variants", f"there is no '{name}'; {nearest(name, names)}") for name in unknown])
    found = {
        name: load_recipe(recipe, [*([] if name == GAME else [f"variant={name}"]), *overrides])
        for name in (variants or names)
    }
    begun = {name: checked for name, checked in found.items() if checked.start is not None}
    if not begun or (variants and len(begun) < len(found)):
        without = [name for name in found if name not in begun]
        raise ConfigError(
            [Problem("start", f"{', '.join(without)} begins with nothing: a comparison needs one start for all")],
        )
    return begun


def _test_sentences(recipe: Recipe, samples: int | None) -> tuple[list[str], list[str], str]:
    opened = open_recipe(recipe)
    held_out = opened.splits["test"]
    pairs, places = pairs_behind(held_out), places_of(held_out)[:samples]
    if not places:
        raise DataError("the test split of this data is empty", "give it a share, split.test=0.1, or files: data.test")
    chosen = [pairs.pair(place) for place in places]
    return [pair.source for pair in chosen], [pair.target for pair in chosen], pairs.languages[1]


def _trained(recipe: Recipe, path: Path, quiet: bool) -> float:
    """Seconds that it took; those of an earlier call are remembered beside the run."""
    file = path / "seconds.txt"
    if (path / "model" / CONFIG).is_file() and file.is_file():
        return float(file.read_text())
    began = time.perf_counter()
    if (path / "recipe.yaml").is_file():
        resume(path, quiet=quiet)
    else:
        train(recipe, path, quiet=quiet)
    seconds = round(time.perf_counter() - began, 1)
    atomic_write(file, f"{seconds:.1f}\n")
    return seconds


def _translations(translator: Any, sources: list[str], file: Path) -> list[str]:
    """Translations, kept beside the run: with the same model and sentences they are read again."""
    digest = hashlib.sha256("\n".join([translator.fingerprint(), *sources]).encode()).hexdigest()
    if file.is_file():
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["of"] == digest:
            texts: list[str] = kept["texts"]
            return texts
    written = [one.text for one in translator.translate(sources, split=False)]
    atomic_write(file, json.dumps({"of": digest, "texts": written}, ensure_ascii=False) + "\n")
    return written


def _notes(path: Path) -> list[str]:
    file = path / "notes.txt"
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []


def _words(scores: Mapping[str, SystemScores], baseline: str) -> list[str]:
    rival = scores[baseline].values["bleu"]
    words = []
    for name, one in scores.items():
        if name == baseline:
            continue
        change, p = one.values["bleu"] - rival, one.p_values["bleu"]
        told = {
            "better": "it helped",
            "worse": "it made translations worse",
            "the same": "it changed nothing, every translation is the same",
        }.get(one.verdict, "it did not help")
        if name == START:  # no objective: it is the other that changed it, or did not
            told = {
                "better": f"{baseline} made it worse",
                "worse": f"{baseline} made it better",
                "the same": f"{baseline} changed nothing",
            }.get(one.verdict, f"{baseline} is no different")
        words.append(f"{name}: {told} ({change:+.2f} BLEU against {baseline}, p = {p:.3f}).")
    if not any(one.verdict == "better" for name, one in scores.items() if name != START):
        words.append(f"No objective is significantly better than {baseline}.")
    return words


def _charts(folder: Path, runs: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    made = []
    read = {name: read_metrics(Path(several[0]["path"])) for name, several in runs.items() if several}
    validation = {key for reports in read.values() for report in reports for key in report if key.startswith("valid")}
    wanted = {**_CURVES, **{key: key.replace("/", " ") for key in sorted(validation)}}
    for key, words in wanted.items():
        curves: dict[str, Curve] = {
            name: [(one["samples"], one[key]) for one in reports if math.isfinite(one.get(key, math.nan))]
            for name, reports in read.items()
        }
        if any(curves.values()):
            file = f"{key.replace('/', '-')}.svg"
            atomic_write(folder / file, line_chart(curves, words, "samples seen", words))
            made.append(file)
    return made


def _table(document: Mapping[str, Any]) -> str:
    with_terms = any("term_accuracy" in one["values"] for one in document["systems"].values())
    columns = ["BLEU", "p", "chrF", "exact match", *(["terms"] if with_terms else []), "distinct-1", "distinct-2"]
    lines = [
        f"# {document['recipe']}: objectives compared",
        "",
        f"All begin with {document['start']}; seeds {document['seeds']}, {document['sentences']} test sentences. "
        f"p against {document['baseline']}: paired bootstrap, 1,000 sets.",
        "",
        f"| {' | '.join(['', *columns, 'seconds', 'verdict'])} |".replace("|  |", "| |", 1),
        f"|{' --- |' * (len(columns) + 3)}",
    ]
    for name, one in document["systems"].items():
        values, seconds = one["values"], sum(run["seconds"] for run in one["runs"])
        p = one["p_values"].get("bleu")
        kept = f"{values['term_accuracy']:.3f} | " if with_terms else ""
        lines.append(
            f"| {name} | {values['bleu']:.2f} | {'' if p is None else f'{p:.3f}'} | {values['chrf']:.2f} | "
            f"{values['exact_match']:.3f} | {kept}{values['distinct_1']:.3f} | {values['distinct_2']:.3f} | "
            f"{seconds:.0f} | {one['verdict']} |"
        )
    lines += ["", *[f"- {words}" for words in document["words"]], ""]
    lines += [f"{name}: `{signature}`  " for name, signature in document["signatures"].items()]
    return "\n".join(lines) + "\n"
