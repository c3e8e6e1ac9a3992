"""`toolkit export`."""

from __future__ import annotations

import click

from toolkit.cli.main import print_json


@click.command()
@click.argument("model", metavar="RUN|MODEL")
@click.option(
    "--to", type=click.Choice(["onnx", "torch", "safetensors", "ctranslate2"]), default="onnx", show_default=True
)
@click.option("--out", type=click.Path(), help="Folder to write; must not exist. Not needed for ctranslate2.")
@click.option("--half", is_flag=True, help="Store safetensors weights as float16, in half the space.")
@click.option(
    "--quantization",
    type=click.Choice(["int8", "int16", "float32"]),
    help="With ctranslate2: how weights are stored.  [default: int8]",
)
@click.option("--pairs", type=click.Path(), help="With ctranslate2: sentence pairs to measure the loss of BLEU on.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def export(
    model: str, to: str, out: str | None, half: bool, quantization: str | None, pairs: str | None, as_json: bool
) -> None:
    """Write a model in another format, checked against the original's output.

    An export to ctranslate2 goes into the model folder when no other is named; translators then use it by themselves.
    """
    if out is None and to != "ctranslate2":
        raise click.UsageError("Missing option '--out'.")
    if (quantization or pairs) and to != "ctranslate2":
        raise click.UsageError("--quantization and --pairs go with --to ctranslate2")
    if half and to == "ctranslate2":
        raise click.UsageError("--half goes with --to safetensors; here it is --quantization")
    from toolkit.runs import export as write

    result = write(model, out, to, half=half, quantization=quantization or "int8", pairs=pairs)
    if as_json:
        print_json(result)
    elif to == "ctranslate2":
        click.echo(f"{result['file']}  ({result['equal']} of {result['compared']} test sentences translated the same)")
        if "bleu_loss" in result:
            click.echo(
                f"BLEU {result['bleu']:.2f}, loss {result['bleu_loss']:.2f} against PyTorch on {result['pairs']}"
            )
    else:
        click.echo(f"{result['file']}  (largest difference to the original {result['largest_difference']:.1e})")
