"""`toolkit prepare`."""

from __future__ import annotations

import click

from toolkit.cli.main import print_json


@click.command()
@click.argument("recipe")
@click.option("--from", "source", type=click.Path(), help="Where the data lies already; downloaded when left out.")
@click.option("--to", "destination", type=click.Path(), help="Where to put it; the data set's own place by default.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def prepare(recipe: str, source: str | None, destination: str | None, as_json: bool) -> None:
    """Get the data of RECIPE ready: fetch or copy it, with checksums."""
    from toolkit.runs import prepare as get_ready

    ready = get_ready(recipe, source, destination)
    if as_json:
        print_json({"recipe": recipe, "data": None if ready is None else str(ready)})
    elif ready is None:
        click.echo(f"{recipe} needs no preparation")
    else:
        click.echo(f"the data of {recipe} is ready in {ready}")
