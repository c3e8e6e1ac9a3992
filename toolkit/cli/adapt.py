"""`toolkit adapt`."""

from __future__ import annotations

import sys

import click

from toolkit.cli.main import print_json


@click.command()
@click.argument("model", metavar="RUN|MODEL")
@click.argument("overrides", nargs=-1, metavar="[A.B=VALUE ...]")
@click.option("--source", type=click.Path(), help="Text file, a sentence a line.")
@click.option("--target", type=click.Path(), help="Text file with the translations, line by line.")
@click.option("--pairs", type=click.Path(), help="A file with both sides: TSV, CSV, JSONL, TMX, PO, XLIFF.")
@click.option("--old-source", type=click.Path(), help="Sentences of the old kind; by default the model's own data.")
@click.option("--old-target", type=click.Path(), help="Their translations.")
@click.option("--old-pairs", type=click.Path(), help="Both sides of old sentences in one file.")
@click.option("--old-share", type=click.FloatRange(0, 0.9), default=0.3, show_default=True, help="Of training pairs.")
@click.option("--out", type=click.Path(), required=True, help="Run folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def adapt(
    model: str,
    overrides: tuple[str, ...],
    source: str | None,
    target: str | None,
    pairs: str | None,
    old_source: str | None,
    old_target: str | None,
    old_pairs: str | None,
    old_share: float,
    out: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Go on with a translator on sentences of another kind, without forgetting the old ones.

    \b
    toolkit adapt tatoeba-en-zh --source manual.en --target manual.zh --out runs/manual
    toolkit adapt runs/t --pairs memory.tmx --old-pairs before.tsv --out runs/adapted

    Old sentences are mixed in, held-out ones of both kinds choose the weights, and the scores of both, before and
    after, are printed. The same command again goes on.
    """
    files = _files("", source, target, pairs)
    if files is None:
        raise click.UsageError("name the new sentences: --source and --target, or --pairs")
    old = _files("old-", old_source, old_target, old_pairs)
    from toolkit.runs.adapting import adapt as run

    def say(line: str) -> None:
        click.echo(line, err=as_json)

    found = run(model, files, out, overrides, old=old, share=old_share, quiet=quiet or not sys.stderr.isatty(), say=say)
    if as_json:
        print_json(found)
        return
    for domain in ("new", "old"):
        if domain in found:
            before, after = found[domain]["before"], found[domain]["after"]
            click.echo(
                f"{domain} ({found[domain]['sentences']} test sentences): BLEU {before['bleu']:.2f} -> "
                f"{after['bleu']:.2f}, chrF {before['chrf']:.2f} -> {after['chrf']:.2f}"
            )
    click.echo("\n".join(found["words"]))


def _files(prefix: str, source: str | None, target: str | None, pairs: str | None) -> list[str] | None:
    """The files of one kind of sentences, if any were named."""
    if (source is None) != (target is None):
        raise click.UsageError(f"--{prefix}source and --{prefix}target go together")
    if source is not None and target is not None:
        if pairs is not None:
            raise click.UsageError(f"give --{prefix}source and --{prefix}target, or --{prefix}pairs; not both")
        return [source, target]
    return None if pairs is None else [pairs]
