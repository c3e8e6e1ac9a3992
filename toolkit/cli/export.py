"""`toolkit export`."""

from __future__ import annotations

import click

from toolkit.cli.main import print_json


@click.command()
@click.argument("model", metavar="RUN|MODEL")
@click.option("--to", type=click.Choice(["onnx", "torch", "safetensors"]), default="onnx", show_default=True)
@click.option("--out", type=click.Path(), required=True, help="Folder to write; must not exist.")
@click.option("--half", is_flag=True, help="Store safetensors weights as float16, in half the space.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def export(model: str, to: str, out: str, half: bool, as_json: bool) -> None:
    """Write a model in another format, checked against the original's output."""
    from toolkit.runs import export as write

    result = write(model, out, to, half=half)
    if as_json:
        print_json(result)
    else:
        click.echo(f"{result['file']}  (largest difference to the original {result['largest_difference']:.1e})")
