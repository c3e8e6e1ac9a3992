"""`toolkit evaluate`."""

from __future__ import annotations

from typing import Any

import click

from toolkit.cli.main import print_json

_SHOWN = 20


@click.command()
@click.argument("target", metavar="RUN|MODEL|PICTURES")
@click.argument("overrides", nargs=-1, metavar="[A.B=VALUE ...]")
@click.option("--real", type=click.Path(), help="Compare with this folder of pictures or .npz file.")
@click.option("--source", type=click.Path(), help="Translators: a file of sentences, one a line; with --target.")
@click.option("--target", "reference", type=click.Path(), help="Translators: their translations, line by line.")
@click.option("--terms", type=click.Path(), help="Translators: a termbase, to keep to and to be measured by.")
@click.option("--beam", type=click.IntRange(min=1), help="Translators: hypotheses that are kept.  [default: 5]")
@click.option("--recognizer", help="Voices: a recogniser of phonemes (a run or model), for the phoneme error.")
@click.option("--train", type=click.Path(), help="Training data, for metrics of memorisation.")
@click.option("--features", help="Extractor (pixels, inception, ...) or classifier model to look through.")
@click.option("--metrics", help="Names with commas between them, instead of the recipe's.")
@click.option("--all", "everything", is_flag=True, help="Every metric that fits.")
@click.option("--per-class", is_flag=True, help="Also the numbers of each class.")
@click.option("--repeats", type=click.IntRange(min=2), default=10, show_default=True, help="Subsets for intervals.")
@click.option("--no-intervals", is_flag=True, help="No confidence intervals, which saves time.")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True)
@click.option("--samples", type=click.IntRange(min=2), help="How many samples to generate; at most so many pictures.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--judge", is_flag=True, help="Only pictures that the model's own discriminators accept.")
@click.option("--truncation", type=float, help="Less varied, more typical pictures: from 1 towards 0.")
@click.option("--cas", is_flag=True, help="Train a classifier on generated pictures only, and test it.")
@click.option("--out", type=click.Path(), help="With --cas: keep the classifier's run in this folder.")
@click.option("--no-cache", is_flag=True, help="Keep no features of real data on disk.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def evaluate(
    target: str,
    overrides: tuple[str, ...],
    metrics: str | None,
    everything: bool,
    repeats: int,
    no_intervals: bool,
    cas: bool,
    out: str | None,
    no_cache: bool,
    as_json: bool,
    source: str | None,
    reference: str | None,
    terms: str | None,
    beam: int | None,
    recognizer: str | None,
    **settings: Any,
) -> None:
    """Compare what a model makes, or a folder of pictures, with real data that was not trained on.

    \b
    toolkit evaluate RUN                           with the held-out part of the run's own data
    toolkit evaluate MODEL --real DIR_OR_NPZ       with other pictures
    toolkit evaluate DIR_A --real DIR_B            one folder with another
    toolkit evaluate MODEL --cas                   what a classifier learns from its pictures
    toolkit evaluate VOCODER --real RECORDINGS     copies of recordings, beside those of Griffin-Lim
    toolkit evaluate VOICE --real DIR --recognizer RUN   what it says, beside recordings of the same texts
    toolkit evaluate TRANSLATOR --source x.en --target x.de   BLEU and chrF; or --real PAIRS.tsv

    Numbers are followed by the half width of their 95 % confidence interval. The line "features" says what was looked
    through: numbers in different features cannot be compared, and only those of Inception are FIDs.
    """
    if metrics and everything:
        raise click.UsageError("--all and --metrics do not go together")
    if cas:
        _report(_cas(target, overrides, out, as_json, **settings), as_json)
        return
    if (source is None) != (reference is None) or (source is not None and settings["real"] is not None):
        raise click.UsageError("--source and --target go together, and not with --real")
    if out is not None:
        raise click.UsageError("--out goes with --cas")
    from toolkit.runs import evaluate as measure

    chosen = "all" if everything else [name.strip() for name in (metrics or "").split(",") if name.strip()]
    given = (("terms", terms), ("beam", beam), ("recognizer", recognizer))
    result = measure(
        target,
        metrics=chosen,
        repeats=0 if no_intervals else repeats,
        cache=not no_cache,
        overrides=overrides,
        sides=(source, reference) if source is not None and reference is not None else None,
        settings={name: value for name, value in given if value is not None},
        **settings,
    )
    _report(result, as_json)


def _cas(
    target: str,
    overrides: tuple[str, ...],
    out: str | None,
    quiet: bool,
    *,
    real: str | None,
    split: str,
    samples: int | None,
    seed: int,
    train: str | None,
    features: str | None,
    per_class: bool,
    judge: bool,
    truncation: float | None,
) -> dict[str, Any]:
    """With --cas the overrides change the classifier's recipe."""
    from toolkit.runs.cas import classification_accuracy_score

    if train or features or per_class:
        raise click.UsageError("--train, --features and --per-class do not go with --cas")
    return classification_accuracy_score(
        target,
        real=real,
        split=split,
        count=samples,
        seed=seed,
        judge=judge,
        truncation=truncation,
        overrides=overrides,
        out=out,
        quiet=quiet,
    )


def _report(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(result)
    else:
        _print(result)


def _print(result: dict[str, Any]) -> None:
    for note in result["notes"]:
        click.echo(f"note: {note}", err=True)
    _print_list("could not be read and was left out:", result.get("left_out", []))
    if "table" in result:
        click.echo(f"{result['samples']} of {result['real_samples']} in {result['real']}")
        click.echo(result["table"])
        _print_list("not computed:", [f"{name}: {reason}" for name, reason in result.get("skipped", {}).items()])
        return
    judged = " judged" if result.get("judged") else ""
    if result.get("truncation") is not None:
        judged += f", truncated to {result['truncation']:g},"
    click.echo(f"{result['samples']}{judged} samples against {result['real_samples']} of {result['real']}")
    if "features" in result:
        comparable = "" if result["fid_comparable"] else "  (no FID: do not compare with published ones)"
        click.echo(f"features: {result['features']}{comparable}")
    values, intervals = result["metrics"], result["intervals"]
    for name, value in values.items():
        if _belongs_to_another(name, values, intervals):
            continue
        half = f" +- {intervals[name]:.2g}" if name in intervals else ""
        click.echo(f"  {name:28} {value:.5g}{half}")
    for name, signature in result.get("signatures", {}).items():
        click.echo(f"  {name}: {signature}")
    for label, numbers in result.get("per_class", {}).items():
        words = ", ".join(
            f"{name} {value:.4g}" for name, value in numbers.items() if not _belongs_to_another(name, numbers, numbers)
        )
        click.echo(f"  class {label}: {words}")
    _print_list("not computed:", [f"{name}: {reason}" for name, reason in result.get("skipped", {}).items()])


def _belongs_to_another(name: str, values: dict[str, float], shown: dict[str, float]) -> bool:
    """An error or end of an interval, which is shown behind its number."""
    endings = ("_std_error", "_half_width", "_low", "_high")
    stem = next((name.removesuffix(end) for end in endings if name.endswith(end)), name)
    return stem != name and stem in values and stem in shown


def _print_list(title: str, lines: list[str]) -> None:
    if not lines:
        return
    click.echo(title, err=True)
    for line in lines[:_SHOWN]:
        click.echo(f"  {line}", err=True)
    if len(lines) > _SHOWN:
        click.echo(f"  ... and {len(lines) - _SHOWN} more", err=True)
