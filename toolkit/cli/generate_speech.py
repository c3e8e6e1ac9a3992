"""`toolkit generate speech MODEL`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli.main import print_json
from toolkit.cli.waiting import spin_if_quiet
from toolkit.errors import MissingExtraError, ToolkitError, TrainingError

if TYPE_CHECKING:
    from toolkit.speech.voice.pipeline import VoicePipeline
    from toolkit.speech.voice.speaking import Told


@click.command()
@click.argument("model", metavar="RUN|MODEL")
@click.option("--text", "texts", multiple=True, help="What to say; given several times, --out is a folder.")
@click.option("--input", "source", type=click.Path(), help="A text file of any length.")
@click.option("--out", type=click.Path(), default="speech.wav", show_default=True, help="WAV or FLAC file to write.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="2 is twice as fast; 0.25 to 4.")
@click.option("--pitch", type=float, default=0.0, show_default=True, help="Semitones up or down; -24 to 24.")
@click.option("--range", "range_", type=float, default=1.0, show_default=True, help="0 is monotone; up to 3.")
@click.option("--speaker", help="Name of a speaker, in a voice of several.")
@click.option(
    "--convert",
    type=click.Path(),
    help="A recording of the text: its timing and melody are kept, the speaker is --speaker.",
)
@click.option("--recorded", help="With --convert: the speaker of the voice that the recording is most like.")
@click.option("--vocoder", type=click.Path(), help="Speak with this vocoder: a run, a folder, or a model's name.")
@click.option("--stream", is_flag=True, help="Make audio piece by piece: the first is there at once.")
@click.option("--device", default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print lengths, times taken, and the times of phones and words.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
def speech(
    model: str,
    texts: tuple[str, ...],
    source: str | None,
    out: str,
    speed: float,
    pitch: float,
    range_: float,
    speaker: str | None,
    convert: str | None,
    recorded: str | None,
    vocoder: str | None,
    stream: bool,
    device: str,
    as_json: bool,
    quiet: bool,
) -> None:
    """Texts, spoken.

    \b
    toolkit generate speech MODEL --text "Good morning." --out hello.wav
    toolkit generate speech MODEL --input book.txt --out book.flac --speed 1.1
    toolkit generate speech MODEL --convert me.wav --text "What I say in it." --speaker anna --out anna.wav

    Texts may hold tags: <break time="500ms"/>, <sub alias="...">, <phoneme ph="...">, <p>, <s>. A file gets its name
    when it is whole. The real-time factor is seconds of audio per second of computing.
    """
    if bool(texts) == (source is not None):
        raise click.UsageError("say what to speak: --text TEXT, or --input FILE")
    if convert is not None and (len(texts) != 1 or stream):
        raise click.UsageError("--convert takes one recording and, with --text, the words that are said in it")
    if recorded is not None and convert is None:
        raise click.UsageError("--recorded says whose recording --convert is given")
    spin_if_quiet()
    import torch

    from toolkit.engine.device import choose_threads
    from toolkit.runs import load
    from toolkit.speech.voice.pipeline import VoicePipeline
    from toolkit.speech.voice.speaking import read_text, write_conversion

    written = [read_text(source)] if source is not None else list(texts)
    pipeline = load(model, device)
    if not isinstance(pipeline, VoicePipeline):
        kind = getattr(pipeline, "modality", "something else")
        raise ToolkitError(f"{model} is a model for {kind}, no voice", "name a run or a model of `train speech`")
    if vocoder is not None:
        pipeline.use_vocoder(vocoder)
    options = {"speaker": speaker, "speed": speed, "pitch": pitch, "range": range_}
    before = torch.get_num_threads()
    torch.set_num_threads(choose_threads())
    told: list[Told] = []
    failures: list[dict[str, Any]] = []
    try:
        pipeline.warm_up()
        for number, (text, target) in enumerate(zip(written, _targets(out, len(written)), strict=True), 1):
            try:
                told.append(
                    write_conversion(pipeline, convert, text, target, speaker=speaker, recorded=recorded)
                    if convert is not None
                    else _speak(pipeline, text, target, stream, options, quiet or as_json)
                )
            except (MissingExtraError, TrainingError):  # the next text would meet the same
                raise
            except ToolkitError as error:
                if len(written) == 1:
                    raise
                failures.append({"text": number, "file": str(target), "error": error.message, "way_out": error.way_out})
                click.echo(f"error: text {number} ({target.name}): {error}", err=True)
    finally:
        torch.set_num_threads(before)
    if as_json:
        print_json(_document(model, pipeline, told, failures))
    else:
        for one in told:
            click.echo(_line(one, stream))
        for note in [*pipeline.notes, *(note for one in told for note in one.notes)]:
            click.echo(f"note: {note}", err=True)
    if failures:
        click.get_current_context().exit(1)


def _targets(out: str, count: int) -> list[Path]:
    path = Path(out)
    if count == 1:
        return [path]
    if path.suffix:
        raise ToolkitError(f"{out} is to hold {count} texts, so it must be a folder", "name a folder (--out)")
    return [path / f"{number:03}.wav" for number in range(1, count + 1)]


def _speak(
    pipeline: VoicePipeline, text: str, target: Path, stream: bool, options: dict[str, Any], quiet: bool
) -> Told:
    from toolkit.engine.progress import Progress
    from toolkit.speech.voice.speaking import write_speech

    with Progress(len(text), quiet=quiet or stream, unit="characters") as bar:
        return write_speech(
            pipeline, text, target, stream=stream, progress=lambda done: bar.update(done, {}), **options
        )


def _line(told: Told, stream: bool) -> str:
    first = f", first audio after {told.seconds_until_first_audio * 1000:.0f} ms" if stream else ""
    return (
        f"{told.file}  {told.seconds_of_audio:.2f} s of audio in {told.seconds_taken:.3f} s: "
        f"{told.real_time_factor:.1f}x real time{first}"
    )


def _document(model: str, pipeline: VoicePipeline, told: list[Told], failures: list[dict[str, Any]]) -> dict[str, Any]:
    documents = [one.to_document() for one in told]
    audio, taken = (sum(getattr(one, name) for one in told) for name in ("seconds_of_audio", "seconds_taken"))
    shared = {
        "model": model,
        "vocoder": pipeline.sounder.name,
        "sample_rate": pipeline.format.sample_rate,
        "notes": pipeline.notes,
    }
    if len(documents) == 1 and not failures:
        return {**shared, **documents[0], "notes": [*pipeline.notes, *told[0].notes]}
    return {
        **shared,
        "seconds_of_audio": audio,
        "seconds_taken": taken,
        "real_time_factor": audio / max(taken, 1e-9),
        "texts": documents,
        "failed": failures,
    }
