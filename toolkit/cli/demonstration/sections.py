"""The sections of the page: each runs commands, shows what came out, and says how long it took."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.cli.demonstration import page
from toolkit.cli.demonstration.commands import Commands
from toolkit.cli.demonstration.page import Section
from toolkit.engine.shelf import shipped_models
from toolkit.errors import MissingExtraError, ToolkitError

TEXT = "A small voice that was made on a laptop says hello, and reads whatever you type."
"""What is said where nothing else was asked for."""
ENGLISH = (
    "Good morning.",
    "What time is it?",
    "I would like a cup of tea.",
    "She has been learning Chinese for two years.",
    "Where is the nearest station?",
)
GENERATORS = ("fashion-mnist-conditional", "emoji")
VOICE, VOCODER, TRANSLATOR = "kathleen", "vocoder-small", "tatoeba-en-zh"
FACES = ("face-landmarks", "face-embedder", "face-library")


def attempt(title: str, make: Callable[[Section], None]) -> Section:
    """A section, or why there is none: an extra or a model that is missing must not end the demonstration."""
    section = Section(title)
    try:
        make(section)
    except MissingExtraError as error:
        section.missing = f"{error.message} {error.way_out}"
    except ToolkitError as error:
        section.missing = str(error)
    return section


def pictures(section: Section, commands: Commands, quick: bool) -> None:
    """Pictures that the shipped generators make and judge."""
    count = 20 if quick else 60
    section.body.append(
        page.paragraph(
            "A generator paints from random numbers; its own discriminator says how real each picture looks, and only "
            "accepted ones are kept. Another seed gives other pictures."
        )
    )
    for name in GENERATORS:
        made = commands.run(
            *("generate", "image", name, "--count", str(count), "--judge", "--seed", "1", "--out", commands.path(name))
        )
        words = f"{name}: {made['acceptance_rate']:.0%} of {made['candidates']} candidates were accepted"
        section.body.append(page.picture(Path(made["grid"]), words, 480))
        section.seconds[f"{made['count']} judged pictures of {name}"] = made["seconds"]


def speech(section: Section, commands: Commands, text: str) -> None:
    """The shipped voice reads the text; without one, the vocoder copies a synthesiser that reads it."""
    known = shipped_models()
    if VOICE in known:
        out = commands.path("speech.wav")
        made = commands.run("generate", "speech", VOICE, "--text", text, "--out", out)
        words = f"{VOICE}: {text}"
    elif VOCODER in known:
        source = commands.folder / "read-aloud.wav"
        reader = _read_aloud(text, source)
        out = commands.path("copy.wav")
        made = commands.run("vocode", VOCODER, str(source), "--out", out)
        section.body.append(page.paragraph(f"{reader} reads the text; the vocoder hears its mel spectrogram alone."))
        section.body.append(page.sound(source, reader))
        words = f"{VOCODER}: the copy"
    else:
        raise ToolkitError(f"no voice comes with this installation: neither {VOICE} nor {VOCODER}")
    section.body += [page.sound(Path(out), words), page.picture(_mel(Path(out)), "Its mel spectrogram")]
    factor = made["real_time_factor"]
    section.body.append(page.paragraph(f"{factor:.0f} times as fast as it is spoken."))
    section.seconds[f"{made['seconds_of_audio']:.1f} s of speech"] = made["seconds_taken"]


def _read_aloud(text: str, file: Path) -> str:
    import numpy as np

    from toolkit.speech.additive import speech_like
    from toolkit.speech.espeak_library import Espeak
    from toolkit.speech.files import write_audio

    try:
        espeak = Espeak()
        wave, rate, reader = espeak.speak(text, "en-us") / 32768.0, 22050, "espeak-ng"
        espeak.close()
    except ToolkitError:  # the extra `espeak`, which is GPL, is not installed
        wave, rate = speech_like(np.random.default_rng(0), 22050), 22050
        reader = "a small synthesiser (nonsense syllables: espeak-ng is not installed)"
    write_audio(file, np.asarray(wave, np.float32), rate)
    return reader


def _mel(wave: Path) -> Path:
    import torch

    from toolkit.speech.audio_format import AudioFormat
    from toolkit.speech.files import read_audio
    from toolkit.speech.mel import LogMel
    from toolkit.speech.mel_picture import save_mel_picture

    format = AudioFormat()
    samples, _ = read_audio(wave, format.sample_rate)
    mel = LogMel(format)(torch.from_numpy(samples)[None])[0]
    file = wave.with_suffix(".png")
    save_mel_picture(file, [("", mel)])
    return file


def translations(section: Section, commands: Commands, quick: bool) -> None:
    """The shipped translator."""
    if TRANSLATOR not in shipped_models():
        raise ToolkitError(f"no translator comes with this installation: {TRANSLATOR} is missing")
    texts = ENGLISH[:3] if quick else ENGLISH
    asked = [argument for text in texts for argument in ("--text", text)]
    made = commands.run("generate", "translation", TRANSLATOR, *asked)
    rows = [(text, found["text"]) for text, found in zip(texts, made["translations"], strict=True)]
    section.body.append(page.table(["English", "Chinese"], rows))
    section.body.append(
        page.paragraph("A model this small, of 28,000 sentence pairs, knows everyday sentences and little else.")
    )
    section.seconds[f"{len(texts)} sentences"] = made["seconds"]


def faces(section: Section, commands: Commands, quick: bool) -> None:
    """The four steps on the packaged library."""
    from toolkit.face.packaged import EXAMPLES

    photos = sorted(EXAMPLES.glob("*.jpg"))
    absent = [name for name in FACES if not (EXAMPLES.parent.parent / name).is_dir()]
    if not photos or absent:
        raise ToolkitError(f"faces need what this installation lacks: {', '.join(absent) or 'example photos'}")
    photo, shown = photos[0], []
    for seed in (1,) if quick else (1, 2, 3):
        out = commands.path(f"face-{seed}.png")
        made = commands.run("face", "drive", str(photo), "--out", out, "--seed", str(seed))
        shown.append((Path(out), f"seed {seed}: nearest face of the library {made['nearest']['similarity']:.2f} alike"))
        section.seconds[f"four steps, seed {seed}"] = made["seconds"]["four_steps"]
    section.body.append(
        page.paragraph(
            "A photo is uploaded, its face and landmarks are found, similar faces are looked up in a library, and a "
            "new face in the photo's pose is made of them. Nobody here exists: photo and library are rendered (CC0)."
        )
    )
    section.body.append(page.pictures([(photo, "the photo"), *shown], 160))


def training(section: Section, folder: Path, made: Mapping[str, Any]) -> None:
    """The live run: how its samples grew, how its losses went, what it makes.

    Args:
        section: to fill.
        folder: the run.
        made: `steps`, `seconds`, `grid` (a file) and `accuracy` (a share, or `None`).
    """
    from toolkit.engine.trackers import read_metrics

    rows = read_metrics(folder)
    series = {
        player: [(row["samples"], row[key]) for row in rows if row.get(key) is not None]
        for player in ("generator", "discriminator")
        if (key := _adversarial(rows, player)) is not None
    }
    accuracy = made["accuracy"]
    read = (
        "" if accuracy is None else f" A classifier of real digits reads {accuracy:.1%} of them as what was asked for."
    )
    section.body.append(
        page.paragraph(
            f"Two networks played {made['steps']:,} steps here just now: one paints digits from random numbers, the "
            f"other tells them from real ones.{read}"
        )
    )
    grown = sorted((folder / "samples").glob("*.png"))
    chosen = [grown[place * (len(grown) - 1) // 3] for place in range(4)] if len(grown) > 4 else grown
    if chosen:
        named = [(file, f"after {int(file.stem.rpartition('-')[2]):,} pictures") for file in dict.fromkeys(chosen)]
        section.body.append(page.pictures(named, 205))
    section.body.append(page.picture(Path(made["grid"]), "What it makes now, one class a column", 480))
    section.body.append(page.curve(series, "pictures shown"))
    section.seconds[f"{made['steps']:,} steps"] = made["seconds"]


def _adversarial(rows: Sequence[Mapping[str, float]], player: str) -> str | None:
    """The name of a player's adversarial loss among the values of a run."""
    names = {key for row in rows for key in row if key.startswith(player) and key.endswith("adversarial")}
    return min(names, default=None)
