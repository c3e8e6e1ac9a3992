"""`toolkit import`."""

from __future__ import annotations

import click

from toolkit.cli.main import print_json


@click.command("import")
@click.argument("layout")
@click.argument("file", type=click.Path())
@click.option("--out", type=click.Path(), required=True, help="Folder to write; must not exist.")
@click.option("--entry", metavar="NAME", help="The part of FILE that holds the weights, where there are several.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def import_command(layout: str, file: str, out: str, entry: str | None, as_json: bool) -> None:
    """Make a model folder of another program's weights.

    FILE is a .safetensors file, or one that torch.save wrote (.pth, .pt); nothing in it is executed. LAYOUT says whose
    names and shapes it has: `toolkit list importers` shows the choices.
    """
    from toolkit.runs import import_model

    result = import_model(layout, file, out, entry=entry)
    if as_json:
        print_json(result)
    else:
        click.echo(f"{result['model']}  ({result['parameters']:,} parameters; toolkit.load takes it)")
