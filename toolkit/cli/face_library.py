"""`toolkit face library`: filling, searching and cleaning a library of faces."""

from __future__ import annotations

from typing import Any

import click

from toolkit.cli.face_options import (
    as_json_option,
    consent_option,
    face_number,
    library_file,
    licence_option,
    print_note,
    reading_models,
)
from toolkit.cli.face_upkeep import reembed, rescue, update
from toolkit.cli.main import print_json
from toolkit.cli.waiting import spin_if_quiet

_CC0 = "CC0 1.0, section 1 (iii): rights in the likeness waived"


@click.group()
def library() -> None:
    """Libraries of faces: one SQLite file each, which holds aligned crops, never whole photos."""


@library.command()
@library_file
@click.argument("folder", metavar="DIR", type=click.Path())
@licence_option
@consent_option
@click.option("--source", default="", help="Where the pictures are from; comes before each path.")
@click.option(
    "--person",
    type=click.Choice(["folder", "name", "none"]),
    default="folder",
    show_default=True,
    help="Who a picture shows: the sub folder it is in, its name up to the last _ or -, or not known.",
)
@reading_models
@as_json_option
@click.option("--quiet", is_flag=True, help="No progress bar.")
def add(
    path: str,
    folder: str,
    licence: str | None,
    consent: str | None,
    source: str,
    person: str,
    as_json: bool,
    quiet: bool,
    **names: Any,
) -> None:
    """Add the largest face of every picture in DIR and its sub folders; LIB.db is made when it is missing.

    Pictures that the library knows are passed over, so an interrupted command goes on when it is given again. Faces
    without licence or consent can be searched, but no new face is made of them. With CC0-1.0 the consent is taken from
    the licence; where those who gave it are not the ones in the pictures, say with --consent what these agreed to.
    """
    spin_if_quiet()
    from toolkit.cli.computing import computing_threads
    from toolkit.data.listing import list_pictures
    from toolkit.engine.progress import Progress
    from toolkit.face.importing import add_folder, by_folder, by_name, unknown
    from toolkit.face.library import FaceLibrary
    from toolkit.face.packaged import FaceModels

    if consent is None and licence is not None and licence.upper() in ("CC0-1.0", "CC0"):
        consent = _CC0
    chosen = {"folder": by_folder, "name": by_name, "none": unknown}[person]
    total = len(list_pictures(folder).pictures)
    models = FaceModels(**names)
    with (
        computing_threads(),
        FaceLibrary(path, models.load_embedder()) as opened,
        Progress(total, quiet=quiet or as_json, unit="pictures") as bar,
    ):
        report = add_folder(
            opened,
            folder,
            models.reader(),
            licence=licence,
            consent=consent,
            source=source,
            person_of=chosen,
            progress=lambda done, _: bar.update(done, {}),
        )
        count = len(opened)
    if as_json:
        print_json({"library": path, **report.to_json(), "faces": count, "licence": licence, "consent": consent})
        return
    click.echo(f"{path}: {len(report.added)} faces added, {report.known} known before, {count} in all")
    for skipped in report.skipped[:20]:
        print_note(f"{skipped.path}: {skipped.reason}")
    if len(report.skipped) > 20:
        print_note(f"and {len(report.skipped) - 20} more were left out (--json lists them)")
    if report.added and not (licence and consent):
        print_note("no new face will be made of these: give --license and --consent (`library update` does it later)")


@library.command()
@library_file
@click.argument("photo", type=click.Path())
@click.option("-k", "--count", type=click.IntRange(min=1), default=10, show_default=True, help="Faces to find.")
@click.option("--face", "which", type=face_number, default="largest", help="Of several faces: largest, or from 0.")
@click.option("--usable", is_flag=True, help="Only faces that new ones may be made of.")
@click.option("--index", type=click.Choice(["auto", "exact", "usearch"]), default="auto", show_default=True)
@reading_models
@as_json_option
def search(
    path: str, photo: str, count: int, which: Any, usable: bool, index: Any, as_json: bool, **names: Any
) -> None:
    """The faces of a library that are most similar to the one in PHOTO."""
    spin_if_quiet()
    from toolkit.cli.computing import computing_threads
    from toolkit.face.entries import Where
    from toolkit.face.networks import embed_crops
    from toolkit.face.packaged import FaceModels, open_library
    from toolkit.face.search import LibrarySearch

    models = FaceModels(**names)
    with computing_threads(), open_library(path, models.load_embedder()) as opened:
        seen = models.reader().read(photo, which)
        vector = embed_crops(models.load_embedder(), [seen.crop])[0]
        matches = LibrarySearch(opened, index).search(vector, count, Where(usable=True) if usable else None)
        found = [{**opened[match.id].to_json(), **match.to_json()} for match in matches]
    if as_json:
        print_json({"library": path, "photo": photo, **seen.to_json(), "matches": found})
        return
    if not found:
        print_note(f"{path} has no faces" + (" that may be used" if usable else ""))
    for entry in found:
        use = "" if entry["usable"] else "  (not for generation)"
        click.echo(f"{entry['similarity']:.4f}  {entry['id']:>6}  {entry['person'] or '-'}  {entry['source']}{use}")


@library.command()
@library_file
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)
@as_json_option
def forget(path: str, ids: tuple[int, ...], as_json: bool) -> None:
    """Remove faces so that nothing of them is left in the library or in index files, and prove it by a search.

    The proof: the library is searched with the forgotten faces' own vectors, which were kept until then.
    """
    from toolkit.face.forgetting import forget_and_prove
    from toolkit.face.packaged import open_library

    with open_library(path) as opened:
        proofs = forget_and_prove(opened, ids)
        left = len(opened)
    if as_json:
        print_json({"library": path, "forgotten": [proof.to_json() for proof in proofs], "faces": left})
        return
    for proof in proofs:
        nearest = "the library is empty" if proof.nearest is None else f"nearest is now face {proof.nearest.id}"
        similarity = "" if proof.nearest is None else f" at {proof.nearest.similarity:.4f}"
        click.echo(
            f"face {proof.id} is forgotten: a search with its own vector does not find it; {nearest}{similarity}"
        )
    click.echo(f"{left} faces are left in {path}")


@library.command("list")
@library_file
@click.option("--person", help="Only of this person.")
@click.option("--unusable", is_flag=True, help="Only those that no new face is made of.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
@as_json_option
def list_faces(path: str, person: str | None, unusable: bool, limit: int, as_json: bool) -> None:
    """The faces of a library."""
    from itertools import islice

    from toolkit.face.entries import Where
    from toolkit.face.packaged import open_library

    with open_library(path) as opened:
        where = Where(person=person, usable=False if unusable else None)
        entries = [entry.to_json() for entry in islice(opened.entries(where), limit)]
        total = len(opened.ids(where))
    if as_json:
        print_json({"library": path, "faces": total, "entries": entries})
        return
    for entry in entries:
        use = "" if entry["usable"] else "  (not for generation)"
        words = f"{entry['id']:>6}  {entry['person'] or '-'}  {entry['source']}  {entry['licence'] or 'no licence'}"
        click.echo(words + use)
    if total > len(entries):
        print_note(f"{len(entries)} of {total} are shown (--limit)")


@library.command()
@library_file
@click.option("--check", is_flag=True, help="Read the whole file, however large, and compare tables with indices.")
@as_json_option
def info(path: str, check: bool, as_json: bool) -> None:
    """How many faces and people a library has, under which licences, and which embedder made its vectors."""
    from toolkit.face.packaged import open_library

    with open_library(path) as opened:
        if check:
            opened.check()
        found = opened.statistics()
    if as_json:
        print_json(found)
        return
    click.echo(f"{path}: {found['faces']} faces, {found['people']} named people, {found['bytes'] / 1e6:.1f} MB")
    click.echo(f"new faces may be made of {found['usable_for_generation']}")
    click.echo("licences: " + (", ".join(f"{name} {count}" for name, count in found["licences"].items()) or "none"))
    click.echo(f"embedder: {found['embedder'] or 'none yet'}")


library.add_command(update)
library.add_command(reembed)
library.add_command(rescue)
