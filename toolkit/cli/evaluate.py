"""`toolkit evaluate`."""

from __future__ import annotations

import click

from toolkit.cli.main import print_json


@click.command()
@click.argument("target", metavar="RUN|MODEL")
@click.argument("overrides", nargs=-1, metavar="[A.B=VALUE ...]")
@click.option("--real", type=click.Path(), help="Compare with this folder of pictures or .npz file instead.")
@click.option("--split", type=click.Choice(["train", "validation", "test"]), default="test", show_default=True)
@click.option("--samples", type=click.IntRange(min=2), help="How many samples to generate.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def evaluate(
    target: str, overrides: tuple[str, ...], real: str | None, split: str, samples: int | None, seed: int, as_json: bool
) -> None:
    """Compare what a model makes with real data that it was not trained on."""
    from toolkit.runs import evaluate as measure

    result = measure(target, real=real, split=split, samples=samples, seed=seed, overrides=overrides)
    if as_json:
        print_json(result)
        return
    click.echo(f"{result['samples']} samples against {result['real_samples']} of {result['real']}")
    click.echo(f"features: {result['features']}")
    for name, value in result["metrics"].items():
        click.echo(f"  {name:28} {value:.5g}")
