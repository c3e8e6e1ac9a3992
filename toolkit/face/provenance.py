"""Saying, in the file itself, that a picture was made by a model, and of what."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from toolkit.data.images import Pixels
from toolkit.engine.files import atomic_write
from toolkit.errors import DataError

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""What IPTC's vocabulary calls media that a trained model made."""
XMP_KEY = "XML:com.adobe.xmp"
"""The chunk of a PNG file that holds XMP (Adobe, "XMP specification part 3", section 1.1.5)."""
RECORD_KEY = "Provenance"
"""The chunk of a PNG file that holds the record as JSON."""
SIDECAR = ".json"
"""Ending of the file beside a picture, after the picture's own name: `new.png.json`."""


@dataclass(frozen=True, slots=True)
class Source:
    """A library face that a new face was made of.

    Attributes:
        id: in the library.
        source: where its picture is from.
        licence: that its picture is under.
        consent: who agreed to what.
        sha256: of its picture's file.
        similarity: to the uploaded face.
        weight: what was asked for, from 0; together 1.
        share: how much of the new picture it gave; together 1.
    """

    id: int
    source: str
    licence: str | None
    consent: str | None
    sha256: str
    similarity: float
    weight: float
    share: float


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a new face comes from. Nothing of the uploaded picture is in it.

    Attributes:
        made: date and time (UTC) in ISO 8601.
        toolkit: version.
        models: name and hash of the weights by role: `driver`, `embedder`, `landmarker`.
        library: name of the library, which it keeps for life.
        sources: the faces it was made of.
        seed: of the noise.
        nearest: id and similarity of the library face that it is most similar to.
    """

    made: str
    toolkit: str
    models: Mapping[str, str]
    library: str
    sources: tuple[Source, ...]
    seed: int
    nearest: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        plain = asdict(self)
        plain["sources"] = [_rounded(source) for source in plain["sources"]]
        return {"digital_source_type": SOURCE_TYPE, **plain}


def to_png(picture: Pixels, provenance: Provenance) -> bytes:
    """A picture as a PNG file with its provenance: as XMP, which other programs read, and as a record in JSON.

    Args:
        picture: uint8 [H, W, 3].
        provenance: where it comes from.
    """
    notes = PngInfo()
    notes.add_itxt(XMP_KEY, _xmp(provenance))
    notes.add_itxt(RECORD_KEY, json.dumps(provenance.to_json(), ensure_ascii=False))
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG", pnginfo=notes)
    return stream.getvalue()


def save(path: str | Path, picture: Pixels, provenance: Provenance) -> list[Path]:
    """Write a picture and the record beside it, each whole or not at all; the picture last, so it is never without.

    Args:
        path: the file, which ends in `.png`.
        picture: uint8 [H, W, 3].
        provenance: where it comes from.

    Returns:
        The picture and the record.

    Raises:
        DataError: the name does not end in `.png`, or the place is a folder.
        TrainingError: the disk is full.
    """
    file = checked_name(path)
    content = to_png(picture, provenance)
    record = {**provenance.to_json(), "file": file.name, "sha256": hashlib.sha256(content).hexdigest()}
    beside = file.with_name(file.name + SIDECAR)
    atomic_write(beside, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    atomic_write(file, content)
    return [file, beside]


def checked_name(path: str | Path) -> Path:
    """A file that a picture with provenance can be written to.

    Raises:
        DataError: the name does not end in `.png`, or the place is a folder.
    """
    file = Path(path).expanduser()
    if file.is_dir():
        raise DataError(f"{file} is a folder", f"name a file in it: {file / 'new.png'}")
    if file.suffix.lower() != ".png":
        raise DataError(
            f"{file} does not end in .png; the picture is written as PNG, which keeps its provenance",
            f"name it {file.with_suffix('.png').name}",
        )
    return file


def read(path: str | Path) -> dict[str, Any]:
    """The record in a picture that `save` wrote.

    Raises:
        DataError: there is no such file, or no record in it.
    """
    file = Path(path).expanduser()
    try:
        with Image.open(file, formats=["PNG"]) as image:
            text = getattr(image, "text", {}).get(RECORD_KEY)
            record = None if text is None else json.loads(text)
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read: {error}", "give a PNG file") from error
    if not isinstance(record, dict):
        raise DataError(f"{file} has no provenance: it was not made here, or something removed it")
    return record


def _xmp(provenance: Provenance) -> str:
    """An XMP packet: IPTC's digital source type, the program, and one word for each kind of credit."""
    tool = quoteattr(f"adversarial-toolkit {provenance.toolkit}")
    made = quoteattr(provenance.made)
    mark = "\N{ZERO WIDTH NO-BREAK SPACE}"
    return (
        f'<?xpacket begin="{mark}" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about=""'
        ' xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
        f" Iptc4xmpExt:DigitalSourceType={quoteattr(SOURCE_TYPE)}"
        f" xmp:CreatorTool={tool} xmp:CreateDate={made}/>"
        "</rdf:RDF></x:xmpmeta>"
        '<?xpacket end="r"?>'
    )


def _rounded(source: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 5) if isinstance(value, float) else value for name, value in source.items()}
