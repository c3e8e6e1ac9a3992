"""`toolkit predict VOICE --data DIR --out MELS`."""

from __future__ import annotations

import click

from toolkit.cli.main import print_json
from toolkit.errors import ToolkitError


@click.command()
@click.argument("model", metavar="RUN|VOICE")
@click.option("--data", type=click.Path(), required=True, help="Recordings with texts, as a voice is trained on.")
@click.option("--out", type=click.Path(), required=True, help="Folder for the mel spectrograms, <key>.npy.")
@click.option("--speaker", help="Whose recordings they are, in a voice of several.")
@click.option("--device", default="auto", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def predict(model: str, data: str, out: str, speaker: str | None, device: str, as_json: bool) -> None:
    """The mel spectrograms that a voice predicts for recordings, in their timing: to fine-tune its vocoder on.

    \b
    toolkit predict runs/voice --data my_voice/ --out mels/
    toolkit train vocoder --data my_voice/ --out runs/v start=vocoder-small data.mels=mels/
    toolkit generate speech runs/voice --vocoder runs/v --text "Good morning."
    """
    from toolkit.runs import load
    from toolkit.speech.voice.pipeline import VoicePipeline
    from toolkit.speech.voice.prediction import predict_mels

    voice = load(model, device)
    if not isinstance(voice, VoicePipeline):
        kind = getattr(voice, "modality", "something else")
        raise ToolkitError(f"{model} is a model for {kind}, no voice", "name a run or a model of `train speech`")
    found = predict_mels(voice, data, out, speaker=speaker)
    left_out = [f"{problem.path}: {problem.reason}" for problem in found.problems]
    if as_json:
        print_json(
            {
                "folder": str(found.folder),
                "recordings": found.recordings,
                "seconds": found.seconds,
                "mel_l1": found.distance,
                "left_out": left_out,
            }
        )
        return
    click.echo(f"{found.recordings} spectrograms in {found.folder}, {found.distance:.3f} nepers off the recordings")
    for line in left_out:
        click.echo(f"left out: {line}", err=True)
