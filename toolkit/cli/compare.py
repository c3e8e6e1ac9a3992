"""`toolkit compare`."""

from __future__ import annotations

import sys

import click

from toolkit.cli.main import print_json


@click.command()
@click.argument("recipe")
@click.argument("overrides", nargs=-1, metavar="[A.B=VALUE ...]")
@click.option("--out", type=click.Path(), required=True, help="Gets the runs, the table and the curves.")
@click.option("--variants", help="Names with commas between them; `recipe` is the recipe itself.  [default: all]")
@click.option("--seeds", default="0", show_default=True, help="Seeds with commas between them.")
@click.option("--baseline", help="What the others are compared with.  [default: more_mle, or the start]")
@click.option("--samples", type=click.IntRange(min=2), help="Test sentences, at most.")
@click.option("--terms", type=click.Path(), help="A termbase: how many of its terms each system keeps.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def compare(
    recipe: str,
    overrides: tuple[str, ...],
    out: str,
    variants: str | None,
    seeds: str,
    baseline: str | None,
    samples: int | None,
    terms: str | None,
    as_json: bool,
) -> None:
    """Train the variants of a translation recipe from one start, and say which of them helped.

    \b
    toolkit compare translation/dates_adversarial --out runs/compared
    toolkit compare translation/dates_adversarial --out runs/compared --variants more_mle,risk,recipe --seeds 0,1,2

    Scores are those of the test split; differences are tested by paired bootstrap. What was trained before is kept: the
    same command goes on where it was interrupted.
    """
    try:
        numbers = [int(seed) for seed in seeds.split(",")]
    except ValueError:
        raise click.UsageError(f"--seeds takes whole numbers with commas between them, not '{seeds}'") from None
    from toolkit.runs.comparing import compare as run

    names = [name.strip() for name in (variants or "").split(",") if name.strip()]
    found = run(
        recipe,
        out,
        names,
        numbers,
        overrides,
        baseline=baseline,
        samples=samples,
        terms=terms,
        quiet=not sys.stderr.isatty(),
    )
    if as_json:
        print_json(found)
        return
    for name, one in found["systems"].items():
        values, p = one["values"], one["p_values"].get("bleu")
        kept = f"  terms {values['term_accuracy']:.3f}" if "term_accuracy" in values else ""
        told = "" if p is None else f"  p {p:.3f}"
        click.echo(
            f"{name:18} BLEU {values['bleu']:6.2f}  chrF {values['chrf']:6.2f}  exact {values['exact_match']:.3f}"
            f"{kept}{told}"
        )
    click.echo("\n".join(found["words"]))
    click.echo(f"table and curves: {out}")
