"""Going on with a translator on sentences of another kind: the recipe, and what was won and lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.data.source import Source
from toolkit.engine.models import ModelFolder
from toolkit.errors import CheckpointError
from toolkit.translation import choices
from toolkit.translation.evaluating import Translates
from toolkit.translation.scores import score
from toolkit.translation.segmented import pairs_behind, places_of
from toolkit.translation.survey import survey_pairs
from toolkit.translation.two_domains import Domain, TwoDomains

_SLOWER = 4  # how many times smaller the learning rate is than that of a training from the beginning
_FORGOTTEN = 2.0  # BLEU on the validation sentences of both domains by which a run may fall before it goes back
_LOST = 1.0  # BLEU on old sentences that is worth a word


@dataclass(frozen=True)
class Adaptation:
    """A plan.

    Attributes:
        document: the recipe.
        reasons: what was chosen and why, in sentences.
    """

    document: dict[str, Any]
    reasons: tuple[str, ...]


def plan_adaptation(
    model: ModelFolder, name: str, files: Sequence[Path], old: Mapping[str, Any] | None, share: float
) -> Adaptation:
    """A recipe that goes on with a model.

    Args:
        model: a translator, with the recipe that made it in its configuration.
        name: how the model is called: what the recipe begins with.
        files: two text files whose lines belong together, or one that holds both sides.
        old: a data set with sentences of the old kind; by default that of the model's own recipe.
        share: of old pairs in training.

    Raises:
        CheckpointError: the model does not say what it was made of.
        DataError: the files cannot be read, or hold too little.
    """
    recipe = model.config.get("recipe")
    languages = model.config.get("languages")
    if not isinstance(recipe, dict) or not isinstance(languages, list):
        raise CheckpointError(
            f"{model.path} does not say by which recipe it was made",
            "adapt a translator of this toolkit; others: generator.path=FOLDER in a recipe, see docs/translation.md",
        )
    given = {"source_language": languages[0], "target_language": languages[1]}
    survey = survey_pairs(files, given)
    pairs = survey.statistics.pairs
    split = choices.split(max(pairs, 1))
    place = {"source": str(files[0]), "target": str(files[1])} if len(files) == 2 else {"pairs": str(files[0])}
    generator = {key: value for key, value in recipe["generator"].items() if key not in _OF_VOCABULARY}
    width = int(generator.get("width", 256))
    tokens = int(recipe["trainer"].get("batch_tokens") or choices.batch("cpu").value)
    longer = max(choices.tokens_per_pair(count, code) for count, code in zip(survey.characters, languages, strict=True))
    together = max(1.0, min(tokens / longer, float(pairs)))
    mixed = pairs / (1 - share)
    steps = min(4_000, max(100, round(10 * mixed / together / 50) * 50))
    rate = choices.learning_rate(width, steps, together).value
    for part, key in ((rate["then"], "start"), (rate["then"], "end")):
        part[key] = float(f"{part[key] / _SLOWER:.2g}")
    every = max(50, steps // 8)
    remembered = dict(recipe["data"]) if old is None else dict(old)
    document = {
        "name": f"{Path(name).name}-adapted",
        "seed": 0,
        "start": name,
        "task": {"name": "translation"},
        "data": {
            "name": "two_domains",
            "segmentation": name,
            "new": {"name": "parallel_text", **given, **place, "segmentation": name},
            "old": remembered,
            "shares": split.value,
            "old_shares": dict(recipe["split"]) if old is None else None,
            "old_seed": int(recipe["seed"]) if old is None else 0,
            "share": share,
        },
        "split": split.value,
        "generator": generator,
        "discriminators": {},
        "terms": [{"name": "cross_entropy", "target": "target", "average": "token", "smoothing": 0.1}],
        "optimizer": {"generator": {"name": "adam", "lr": rate, "beta1": 0.9, "beta2": 0.98}},
        "ema": {"half_life": round(20 * together)},
        "trainer": {
            "steps": steps,
            "batch_tokens": tokens,
            "clip_gradient": 1.0,
            "samples_every": None,
            "evaluate_every": every,
            "checkpoint_every": every,
            "best_metric": "bleu",
            "best_is": "highest",
            "fall_back": _FORGOTTEN,
        },
        "report": {"evaluation_samples": 400},
    }
    reasons = (
        f"{survey.report.total:,} pairs, {pairs:,} of them usable; {split.why}",
        f"{steps:,} steps: every pair is met about {steps * together / mixed:.0f} times",
        f"learning rate {rate['then']['start']:g}, a quarter of that of a new model",
        f"where BLEU on held-out sentences of both kinds falls by {_FORGOTTEN:g}, it goes back to its best weights",
    )
    return Adaptation(document, reasons)


_OF_VOCABULARY = ("vocabulary", "pad_id", "eos_id")  # they follow from the data


def compare_domains(
    before: Translates, after: Translates, held_out: Source, samples: int | None = None
) -> dict[str, Any]:
    """Scores of a translator before and after, on held-out sentences of each domain.

    Args:
        before: the model that was begun with.
        after: what became of it.
        held_out: a split of `TwoDomains`.
        samples: sentences of each domain, at most.

    Returns:
        For each domain `sentences`, and `before` and `after` by the name of the score; and `words`, what that means.
    """
    pairs = pairs_behind(held_out)
    assert isinstance(pairs, TwoDomains)
    found: dict[str, Any] = {}
    domains: tuple[Domain, ...] = ("new", "old")
    for domain in domains:
        places = [place for place in places_of(held_out) if pairs.domain(place) == domain][:samples]
        if not places:
            continue
        sources = [pairs.pair(place).source for place in places]
        references = [pairs.pair(place).target for place in places]
        scored = {
            name: score([one.text for one in model.translate(sources, split=False)], references, pairs.languages[1])
            for name, model in (("before", before), ("after", after))
        }
        found[domain] = {"sentences": len(places), **{name: one.values for name, one in scored.items()}}
        found["signatures"] = scored["after"].signatures
    return {**found, "words": _in_words(found)}


def _in_words(found: Mapping[str, Any]) -> list[str]:
    words = []
    if "new" in found:
        won = found["new"]["after"]["bleu"] - found["new"]["before"]["bleu"]
        words.append(
            f"new sentences: BLEU {'rose' if won > 0 else 'fell'} by {abs(won):.1f}"
            + ("" if won > 0 else ": adapting did not help; more pairs, or more steps, might")
        )
    if "old" not in found:
        words.append("old sentences: none are known, so what was forgotten was not measured")
        return words
    lost = found["old"]["before"]["bleu"] - found["old"]["after"]["bleu"]
    if lost > _LOST:
        words.append(f"old sentences: BLEU fell by {lost:.1f}; a larger share of them (--old-share) keeps more")
    else:
        words.append(f"old sentences: BLEU {'fell' if lost > 0 else 'rose'} by {abs(lost):.1f}: nothing was forgotten")
    return words
