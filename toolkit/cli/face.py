"""`toolkit face`: libraries of faces, and new faces made of them."""

from __future__ import annotations

import time
from typing import Any

import click

from toolkit.cli.face_library import library
from toolkit.cli.face_options import face_number, models, print_note
from toolkit.cli.main import print_json
from toolkit.cli.waiting import spin_if_quiet


@click.group()
def face() -> None:
    """Libraries of faces, and new faces made of those found in them."""


face.add_command(library)


@face.command()
@click.argument("photo", type=click.Path())
@click.option("--library", "path", type=click.Path(), help="Library to find faces in; the packaged demo by default.")
@click.option("--out", type=click.Path(), required=True, help="PNG file to write; its record is written beside it.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed gives another face.")
@click.option("--sources", type=click.IntRange(1, 16), default=3, show_default=True, help="People to make it of.")
@click.option("--face", "which", type=face_number, default="largest", help="Of several faces: largest, or from 0.")
@click.option("--weights", help="Shares of the faces found, in their order, with commas between.")
@click.option("--drop", type=int, multiple=True, help="Id of a face that is not to be used; may be given again.")
@click.option("--most-similar", type=click.FloatRange(-1, 1), help="Most similar the face may be to any one person.")
@models
@click.option("--json", "as_json", is_flag=True, help="Print everything that was found and made as JSON.")
def drive(
    photo: str,
    path: str | None,
    out: str,
    seed: int,
    sources: int,
    which: Any,
    weights: str | None,
    drop: tuple[int, ...],
    most_similar: float | None,
    as_json: bool,
    **names: Any,
) -> None:
    """A new face with the pose and expression of PHOTO, made of similar faces of a library.

    \b
    toolkit face drive me.jpg --out new.png                          faces of the packaged demo library
    toolkit face drive me.jpg --library LIB.db --out new.png --seed 1

    The face in the photo is found, the most similar people in the library are found (only those with licence and
    consent), and a new face is made of them. It is not given when it is too similar to any one person. The picture
    says in its metadata, and in a JSON file beside it, that it was generated and of what.
    """
    spin_if_quiet()
    from toolkit.cli.computing import computing_threads
    from toolkit.face.packaged import FaceModels, open_library
    from toolkit.face.provenance import checked_name
    from toolkit.face.states import FaceSession

    checked_name(out)
    shares = None if weights is None else _numbers(weights)
    with computing_threads():
        loading = time.perf_counter()
        opened = None if path is None else open_library(path)
        driver = FaceModels(**names).face_driver(opened, most_similar=most_similar)
        started = time.perf_counter()
        session = driver.upload(FaceSession(), photo, which)
        session = driver.search(session, sources, seed, without=drop, weights=shares)
        session = driver.accept(driver.generate(session))
        files = driver.save(session, out)
        ended = time.perf_counter()
    assert session.seen is not None
    assert session.result is not None
    assert session.request is not None
    nearest = session.result.verdict.nearest
    document = {
        "photo": photo,
        "library": str(driver.library.path),
        **session.seen.to_json(),
        "found": driver.sources_of(session.request),
        **{name: value for name, value in session.result.to_json().items() if name != "provenance"},
        "out": str(files[0]),
        "record": str(files[1]),
        "nearest": {**driver.library[nearest.id].to_json(), **nearest.to_json()},
        "models": dict(session.result.provenance.models),
        "seconds": {"loading": round(started - loading, 3), "four_steps": round(ended - started, 3)},
    }
    if as_json:
        print_json(document)
        return
    for note in [*session.seen.upload.notes, *session.seen.quality.notes]:
        print_note(note)
    if len(session.seen.faces) > 1:
        print_note(f"{len(session.seen.faces)} faces in the picture; number {session.seen.number} was taken (--face)")
    _tell(document)


def _tell(document: dict[str, Any]) -> None:
    click.echo(f"{document['out']}  ({document['size']} x {document['size']}, seed {document['seed']})")
    for found, weight in zip(document["found"], document["weights"], strict=True):
        whom = found["person"] or found["source"]
        click.echo(f"  made of face {found['id']} ({whom}): similarity {found['similarity']:.3f}, weight {weight:.2f}")
    error = "no face is found in it" if document["nme"] is None else f"landmark error {document['nme']:.3f}"
    nearest = document["nearest"]
    click.echo(f"  {error}; nearest face of the library: {nearest['id']}, similarity {nearest['similarity']:.3f}")
    click.echo(f"  where it comes from: {document['record']}")


def _numbers(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError as error:
        raise click.BadParameter(f"'{text}' is not numbers with commas between", param_hint="--weights") from error
