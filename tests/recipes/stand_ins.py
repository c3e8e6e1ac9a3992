"""Small data in the layout of sets that do not come with the toolkit, so that their recipes are checked anywhere."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np


def mnist(folder: Path, train: int = 60, test: int = 20) -> Path:
    """scikit-learn's 8 x 8 digits, enlarged to 24 x 24 in a border, as the files of the data set `mnist`."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    grey = np.rint(bunch.images * (255 / 16)).astype(np.uint8).repeat(3, axis=1).repeat(3, axis=2)
    pictures = np.pad(grey, ((0, 0), (2, 2), (2, 2)))
    folder.mkdir(parents=True, exist_ok=True)
    for name, start, count in (("train", 0, train), ("test", train, test)):
        rows = slice(start, start + count)
        labels = bunch.target[rows].astype(np.uint8)
        index = np.arange(count, dtype=np.int32)
        np.savez(folder / f"mnist-{name}.npz", images=pictures[rows], labels=labels, index=index)
    return folder


def recordings(folder: Path, count: int = 12) -> Path:
    """Nonsense syllables of the toolkit's own synthesiser as WAV files."""
    from toolkit.speech.additive import speech_like
    from toolkit.speech.files import write_audio

    for number in range(count):
        wave = speech_like(np.random.default_rng(number), 22050, 1.5, 100.0 + 10 * number)
        write_audio(folder / f"{number:02}.wav", wave, 22050)
    return folder


def faces(folder: Path) -> Path:
    """Four rendered faces in five colours as twenty people with four views each, as the files of `rendered_faces`."""
    from tests.face.networks import people

    return people(folder, 20, 4)


def spoken_texts(folder: Path, count: int = 12) -> Path:
    """Sentences of ours in tones, a sound for each letter, with a table of the texts."""
    from toolkit.speech.espeak import SENTENCES, read_texts
    from toolkit.speech.files import write_audio
    from toolkit.speech.text.front_end import FrontEnd
    from toolkit.speech.voice.spoken import read_units
    from toolkit.speech.voice.tones import speak_tones

    front_end = FrontEnd("en", "characters")
    lines = []
    for number, text in enumerate(read_texts(SENTENCES)[:count]):
        wave, _ = speak_tones(read_units(front_end, text)[0], 22050, np.random.default_rng(number))
        write_audio(folder / "wavs" / f"{number:02}.wav", wave, 22050)
        lines.append(f"{number:02}|{text}\n")
    (folder / "metadata.csv").write_text("".join(lines), encoding="utf-8")
    return folder


def pictures(folder: Path, count: int = 96) -> Path:
    """scikit-learn's first digits as PNG files, each class in a sub folder of its own."""
    from PIL import Image
    from sklearn.datasets import load_digits

    bunch = load_digits()
    grey = np.rint(bunch.images[:count] * (255 / 16)).astype(np.uint8).repeat(2, axis=1).repeat(2, axis=2)
    for row, (picture, digit) in enumerate(zip(grey, bunch.target, strict=False)):
        file = folder / str(digit) / f"{row:03}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)
    return folder


def caption_files(folder: Path) -> list[str]:
    """Dates in English and German as text files in the layout of Multi30k, packed and plain."""
    from toolkit.translation.dates.pairs import DatePairs

    folder.mkdir(parents=True, exist_ok=True)
    for name, count, packed in (("train", 200, True), ("val", 20, False), ("test_2016_flickr", 20, False)):
        pairs = list(DatePairs(count, count, "en", "de", "train"))
        for language, side in zip(("en", "de"), zip(*pairs, strict=True), strict=True):
            text = "".join(f"{line}\n" for line in side).encode()
            file = folder / f"{name}.{language}{'.gz' if packed else ''}"
            file.write_bytes(gzip.compress(text) if packed else text)
    return [f"data.folder={folder}"]


def french_captions(folder: Path) -> list[str]:
    """The same under the names of the French files: what the recipe reads is not what language it is in."""
    (chosen,) = caption_files(folder)
    for file in list(folder.iterdir()):
        file.rename(folder / file.name.replace(".de", ".fr"))
    return [chosen]


def captions_in_three_languages(folder: Path) -> list[str]:
    """The same, and as French ones the English texts backwards, word by word."""
    (chosen,) = caption_files(folder)
    for file in list(folder.glob("*.en*")):
        read, write = (gzip.decompress, gzip.compress) if file.suffix == ".gz" else (bytes, bytes)
        rows = read(file.read_bytes()).decode().splitlines()
        backwards = "".join(f"{' '.join(reversed(row.split()))}\n" for row in rows)
        (folder / file.name.replace(".en", ".fr")).write_bytes(write(backwards.encode()))
    return [chosen]


def sentence_table(folder: Path) -> list[str]:
    """Dates in English and Chinese in the layout of the Tatoeba files: a table of pairs, two text files to test on."""
    from toolkit.translation.dates.pairs import DatePairs

    folder.mkdir(parents=True, exist_ok=True)
    rows = [f"{one}\t{other}\tnobody" for one, other in DatePairs(1, 200, "en", "zh", "train")]
    (folder / "eng-cmn.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    held_out = list(DatePairs(2, 20, "en", "zh", "test"))
    for ending, side in zip(("eng", "cmn"), zip(*held_out, strict=True), strict=True):
        (folder / f"tatoeba.cmn-eng.{ending}").write_text("".join(f"{line}\n" for line in side), encoding="utf-8")
    return [f"data.folder={folder}"]


def emoji(folder: Path, kinds: int = 24) -> Path:
    """Discs of different sizes and colours on nothing, as the files of the data set `emoji`.

    Every third kind has six skin tones. Lines are in the order of names, so variants do not all stand together; where
    nothing shows, the stored colour is different in every picture.
    """
    lines = []
    for kind in range(kinds):
        lines.append((f"emoji_u{kind:02x}_200d_ff", f"{kind:02x}_200d_ff", 0))
        if kind % 3 == 0:
            lines += [(f"emoji_u{kind:02x}_1f3f{tone}_200d_ff", f"{kind:02x}_200d_ff", tone) for tone in range(1, 6)]
    lines.sort()
    down, right = np.mgrid[:64, :64] - 31.5
    pictures = np.empty((len(lines), 64, 64, 4), dtype=np.uint8)
    for row, (_, base, tone) in enumerate(lines):
        kind = int(base[:2], 16)
        radius = 12 + 18 * kind / kinds
        opacity = np.clip(radius - np.hypot(down, right), 0, 1) * 255
        colour = [255 - 30 * tone, 40 + 8 * kind, 220 - 9 * kind]
        pictures[row, ..., :3] = np.where(opacity[..., None] > 0, colour, row % 256)
        pictures[row, ..., 3] = np.rint(opacity)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "noto-emoji-64.npz", images=pictures)
    text = "".join(f"{row},{name},{base},{tone or ''},DISC\n" for row, (name, base, tone) in enumerate(lines))
    (folder / "metadata.csv").write_text(f"row,name,base,skin_tones,unicode_name\n{text}")
    return folder
