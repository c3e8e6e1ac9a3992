"""`toolkit generate translation MODEL`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.main import print_json
from toolkit.cli.waiting import spin_if_quiet
from toolkit.errors import ToolkitError

if TYPE_CHECKING:
    from toolkit.translation.pipeline import TranslationPipeline


@click.command()
@click.argument("model", metavar="RUN|MODEL")
@click.option("--text", "texts", multiple=True, help="A text of any length; may be given several times.")
@click.option("--input", "source", type=click.Path(), help="PO, TMX, XLIFF, TXT, TSV, JSONL or Markdown file.")
@click.option("--output", type=click.Path(), help="With --input: file to write, in the same format.")
@click.option("--to", help="Target language, for a model that writes several.")
@click.option(
    "--terms", type=click.Path(), help="Termbase: lines of source, tab, target (alternatives with | between)."
)
@click.option("--beam", type=click.IntRange(min=1), default=5, show_default=True, help="Hypotheses kept; 1 is greedy.")
@click.option("--n-best", type=click.IntRange(min=1), default=1, show_default=True, help="Translations of each text.")
@click.option("--length-penalty", type=float, default=1.0, show_default=True, help="0 prefers short translations.")
@click.option("--no-repeat", type=click.IntRange(min=0), default=0, help="No n-gram of this size twice.")
@click.option("--sample", is_flag=True, help="Draw translations at random.")
@click.option("--mbr", type=click.IntRange(min=2), help="Draw so many and take the one that agrees most (chrF).")
@click.option("--temperature", type=click.FloatRange(0, min_open=True), default=1.0, show_default=True)
@click.option("--top-k", type=click.IntRange(min=0), default=0, help="Draw from so many subwords.")
@click.option("--top-p", type=click.FloatRange(0, 1, min_open=True), default=1.0, help="Draw from this probability.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of what is drawn.")
@click.option("--alignment", is_flag=True, help="With --json: where the network looked for each subword.")
@click.option("--whole", is_flag=True, help="Do not cut texts into sentences.")
@click.option("--stream", is_flag=True, help="With --text: print each sentence as soon as it is there.")
@click.option("--all", "again", is_flag=True, help="With --input: also what has a translation already.")
@click.option("--format", "kind", help="With --input: txt, tsv, jsonl, po, tmx, xliff or markdown.")
@click.option("--encoding", help="With --input: of a text file; UTF-8 by default.")
@click.option(
    "--path",
    type=click.Choice(["auto", "torch", "torch-bfloat16", "torch-int8", "ctranslate2"]),
    default="auto",
    show_default=True,
    help="How to compute; auto: CTranslate2 where the model was exported to it, else PyTorch.",
)
@click.option("--device", default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def translation(
    model: str,
    texts: tuple[str, ...],
    source: str | None,
    output: str | None,
    to: str | None,
    terms: str | None,
    mbr: int | None,
    whole: bool,
    stream: bool,
    again: bool,
    kind: str | None,
    encoding: str | None,
    path: str,
    device: str,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Translations of texts, or of whole files.

    \b
    toolkit generate translation MODEL --text "Good morning."
    toolkit generate translation MODEL --input in.po --output out.po --terms terms.tsv

    Files keep their form: placeholders, tags, plural forms and layout. An interrupted translation of a file goes on
    when the same command is given again.
    """
    _check(texts, source, output, stream, as_json)
    spin_if_quiet()
    import torch

    from toolkit.engine.device import choose_threads
    from toolkit.runs import load
    from toolkit.translation.pipeline import TranslationPipeline
    from toolkit.translation.terms import Termbase

    base = None if terms is None else Termbase.load(Path(terms))
    pipeline = load(model, device)
    if not isinstance(pipeline, TranslationPipeline):
        kind_of = getattr(pipeline, "modality", "something else")
        raise ToolkitError(f"{model} is a model for {kind_of}, no translator", "name a model of `train translation`")
    pipeline = pipeline if to is None else pipeline.into(to)
    given = {**options, "minimum_risk": mbr or 0, "split": not whole, "terms": base}
    before = torch.get_num_threads()
    torch.set_num_threads(choose_threads())
    try:
        pipeline.compute_in(path)
        if source is not None and output is not None:
            _file(pipeline, Path(source), Path(output), given, again, kind, encoding, as_json, quiet)
        elif stream:
            for text in texts:
                for part in pipeline.stream(text, **given):
                    click.echo(part.text, nl=False)
                click.echo()
        else:
            _texts(pipeline, model, texts, given, as_json)
    finally:
        torch.set_num_threads(before)
    for note in [] if as_json else [*([] if base is None else base.problems), *pipeline.notes]:
        click.echo(f"note: {note}", err=True)


def _check(texts: tuple[str, ...], source: str | None, output: str | None, stream: bool, as_json: bool) -> None:
    if bool(texts) == (source is not None):
        raise click.UsageError("say what to translate: --text TEXT, or --input FILE --output FILE")
    if (source is None) != (output is None):
        raise click.UsageError("--input and --output go together")
    if stream and (source is not None or as_json):
        raise click.UsageError("--stream goes with --text, and not with --json")


def _texts(
    pipeline: TranslationPipeline, model: str, texts: tuple[str, ...], given: dict[str, Any], as_json: bool
) -> None:
    started = time.perf_counter()
    found = pipeline.translate(list(texts), **given)
    seconds = time.perf_counter() - started
    if as_json:
        told: dict[str, Any] = {"model": model, "languages": list(pipeline.languages), "path": pipeline.engine.name}
        occurred = [kept for one in found for _, kept in one.terms]
        if given["terms"] is not None:
            told["term_accuracy"] = sum(occurred) / len(occurred) if occurred else None
        notes = [*(given["terms"].problems if given["terms"] is not None else []), *pipeline.notes]
        documents = [one.to_document() for one in found]
        print_json({**told, "seconds": round(seconds, 3), "translations": documents, "notes": notes})
        return
    for one in found:
        for alternative in one.alternatives or (one,):
            score = f"{alternative.score:.4f}\t" if len(one.alternatives) > 1 else ""
            click.echo(f"{score}{alternative.text}")
        for text in one.missing:
            click.echo(f"note: '{text}' is not once in the translation", err=True)
        for term, kept in one.terms:
            if not kept:
                click.echo(f"note: '{term.source}' is not translated as {' or '.join(term.targets)}", err=True)


def _file(
    pipeline: TranslationPipeline,
    source: Path,
    output: Path,
    given: dict[str, Any],
    again: bool,
    kind: str | None,
    encoding: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    from toolkit.engine.progress import Progress
    from toolkit.translation.documents.opening import open_document
    from toolkit.translation.documents.segment import to_translate
    from toolkit.translation.documents.translating import require_room, translate_document

    document = open_document(source, *pipeline.languages, format=kind, encoding=encoding)
    require_room([source], output)
    base = given["terms"]
    options = {name: value for name, value in given.items() if name != "terms"}
    settings = sorted(options.items()), () if base is None else base.terms
    started = time.perf_counter()
    with Progress(len(to_translate(document, again)), quiet=quiet or as_json, unit="texts") as progress:
        report = translate_document(
            pipeline,
            document,
            output,
            terms=base,
            options=options,
            again=again,
            identity=f"{pipeline.fingerprint()} {settings!r}",
            progress=lambda done, _: progress.update(done, {}),
        )
    seconds = time.perf_counter() - started
    if as_json:
        print_json({**report.to_document(), "path": pipeline.engine.name, "seconds": round(seconds, 2)})
        return
    resumed = f", {report.resumed} from before" if report.resumed else ""
    click.echo(f"{report.output}: {report.translated} texts translated in {seconds:.1f} s{resumed}, {report.kept} kept")
    if report.doubtful:
        click.echo(f"{len(report.doubtful)} need a look:", err=True)
        for place, reason in report.doubtful[:20]:
            click.echo(f"  {place}: {reason}", err=True)
    if report.terms:
        click.echo(f"terms kept: {report.terms_kept} of {report.terms}")
