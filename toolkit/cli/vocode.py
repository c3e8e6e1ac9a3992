"""`toolkit vocode MODEL INPUT ... --out OUT`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from toolkit.cli.main import print_json
from toolkit.cli.waiting import spin_if_quiet
from toolkit.errors import ToolkitError


@click.command()
@click.argument("model", metavar="RUN|MODEL")
@click.argument("inputs", nargs=-1, required=True, metavar="WAV|MEL.npy|FOLDER...")
@click.option("--out", type=click.Path(), required=True, help="File to write; a folder for several inputs.")
@click.option("--stream", is_flag=True, help="Decode piece by piece, and write each as soon as it is there.")
@click.option(
    "--path",
    "--precision",
    "path",
    type=click.Choice(["auto", "float32", "bfloat16", "onnx"]),
    default="auto",
    show_default=True,
    help="How to compute; auto: what is fastest on this machine, measured once.",
)
@click.option("--device", default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def vocode(model: str, inputs: tuple[str, ...], out: str, stream: bool, path: str, device: str, as_json: bool) -> int:
    """Recordings through their mel spectrogram and back, or mel spectrograms to audio.

    \b
    toolkit vocode MODEL in.wav --out out.wav      copy synthesis: what the vocoder makes of the recording
    toolkit vocode MODEL DIR --out OUT             every recording and every .npy below a folder
    toolkit vocode MODEL mel.npy --out out.wav     a log-mel [bands, frames]; its audio format is read from mel.json

    Recordings of any format and sample rate are resampled to the model's. The path is chosen for speed here (in the
    library it is float32, which gives the same everywhere); the differences are far below what is heard. The real-time
    factor is seconds of audio per second of computing. A file that cannot be read is told, the others are done, and
    the exit status is 1.
    """
    spin_if_quiet()
    import torch

    from toolkit.engine.device import choose_threads, tune_allocator
    from toolkit.runs import load
    from toolkit.speech.vocoder_pipeline import VocoderPipeline
    from toolkit.speech.vocoding import Vocoded, plan, vocode_files

    jobs = plan(inputs, out)
    tune_allocator()  # an eighth of the time of HiFi-GAN V2 went into fresh pages
    pipeline = load(model, device)
    if not isinstance(pipeline, VocoderPipeline):
        kind = getattr(pipeline, "modality", "something else")
        raise ToolkitError(f"{model} is a model for {kind}, no vocoder", "name a run or a model of `train vocoder`")
    failures: list[dict[str, str]] = []

    def done(result: Vocoded) -> None:
        if not as_json:
            click.echo(_line(result, stream))

    def failed(source: Path, error: ToolkitError) -> None:
        failures.append({"input": str(source), "error": error.message, "way_out": error.way_out})
        click.echo(f"error: {error}", err=True)

    before = torch.get_num_threads()
    torch.set_num_threads(choose_threads())
    try:
        pipeline.compute_in(path).warm_up()
        results = vocode_files(pipeline, jobs, stream=stream, done=done, failed=failed)
    finally:
        torch.set_num_threads(before)
    if as_json:
        print_json(_document(model, pipeline, results, failures, stream))
    else:
        for note in pipeline.notes:
            click.echo(f"note: {note}", err=True)
        if len(jobs) > 1:
            click.echo(f"{len(results)} of {len(jobs)} files written to {out}  (path {pipeline.path})")
    return 1 if failures else 0


def _line(result: Any, stream: bool) -> str:
    first = f", first audio after {result.seconds_until_first_audio * 1000:.0f} ms" if stream else ""
    return (
        f"{result.file}  {result.seconds_of_audio:.2f} s of audio in {result.seconds_taken:.3f} s: "
        f"{result.real_time_factor:.1f}x real time{first}"
    )


def _document(
    model: str, pipeline: Any, results: list[Any], failures: list[dict[str, str]], stream: bool
) -> dict[str, Any]:
    audio, taken = (sum(getattr(item, name) for item in results) for name in ("seconds_of_audio", "seconds_taken"))
    files = [item.to_document() for item in results]
    document = {
        "model": model,
        "path": pipeline.path,
        "sample_rate": pipeline.format.sample_rate,
        "seconds_of_audio": audio,
        "seconds_taken": taken,
        "real_time_factor": audio / taken if taken else None,
    }
    if stream:
        document["seconds_until_first_audio"] = max((item.seconds_until_first_audio for item in results), default=None)
    else:
        for item in files:
            del item["seconds_until_first_audio"]
    return {**document, "files": files, "failed": failures, "notes": pipeline.notes}
