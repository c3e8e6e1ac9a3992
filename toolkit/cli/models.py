"""`toolkit models` and `toolkit push`."""

from __future__ import annotations

from typing import Any

import click

from toolkit.cli.main import print_json


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL ...]")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def models(names: tuple[str, ...], as_json: bool) -> None:
    """List the models that come with the toolkit, or the MODELs named: runs, folders, hf://OWNER/NAME.

    Any of these names can be given where a command takes a MODEL. `toolkit show NAME` prints the card.
    """
    from toolkit.engine.cards import summary
    from toolkit.engine.shelf import locate_model, shipped_models

    found = [summary(locate_model(name), name) for name in names or shipped_models()]
    if as_json:
        print_json(found)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("model", "task", "MB", "licence", "data", "measured", "sha256"):
        table.add_column(title, justify="right" if title == "MB" else "left", overflow="fold")
    for entry in found:
        table.add_row(*_row(entry))
    console = Console()
    if not console.is_terminal:
        console.width = max(console.width, 160)
    console.print(table)


def _row(entry: dict[str, Any]) -> list[str]:
    results = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in entry["results"].items())
    return [
        entry["name"],
        str(entry["task"]),
        f"{entry['bytes'] / 1e6:.1f}",
        str(entry["license"] or "not said"),
        ", ".join(map(str, entry["data"])) or "not said",
        results or "-",
        str(entry["sha256"])[:12],
    ]


@click.command()
@click.argument("model", metavar="RUN|MODEL")
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--public", is_flag=True, help="Everybody may see a new repository.")
def push(model: str, repository: str, public: bool) -> None:
    """Put a model on the Hugging Face Hub; it is then loaded as hf://OWNER/NAME."""
    from toolkit.engine import hub
    from toolkit.engine.shelf import locate_model

    click.echo(hub.push(locate_model(model), repository, private=not public))
