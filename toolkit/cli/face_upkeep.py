"""`toolkit face library update`, `reembed` and `rescue`: looking after a library of faces."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from toolkit.cli.face_options import as_json_option, consent_option, library_file, licence_option, print_note
from toolkit.cli.main import print_json
from toolkit.cli.waiting import spin_if_quiet


@click.command()
@library_file
@click.argument("ids", metavar="[ID...]", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All faces of the library.")
@click.option("--person", help="Who it is.")
@licence_option
@consent_option
@click.option("--source", help="Where the picture is from.")
@as_json_option
def update(path: str, ids: tuple[int, ...], everything: bool, as_json: bool, **given: str | None) -> None:
    """Change what is known about faces; an empty text ("") makes it unknown, such as a consent that was withdrawn."""
    from toolkit.face.packaged import open_library

    changes: dict[str, Any] = {name: value or None for name, value in given.items() if value is not None}
    if bool(ids) == everything:
        raise click.UsageError("say which faces: ID..., or --all")
    if not changes or changes.get("source", "-") is None:
        raise click.UsageError("say what to change: --person, --license, --consent, --source TEXT")
    with open_library(path) as opened:
        changed = opened.update_many(opened.ids().tolist() if everything else ids, **changes)
    if as_json:
        print_json({"library": path, "changed": changed, **changes})
    else:
        click.echo(f"{changed} faces of {path} changed")


@click.command()
@library_file
@click.option("--embedder", default="face-embedder", show_default=True, metavar="MODEL")
@click.option("--device", default="auto", show_default=True)
@as_json_option
@click.option("--quiet", is_flag=True, help="No progress bar.")
def reembed(path: str, embedder: str, device: str, as_json: bool, quiet: bool) -> None:
    """Make all vectors anew with another embedder, from the crops that the library holds."""
    spin_if_quiet()
    from toolkit.cli.computing import computing_threads
    from toolkit.engine.progress import Progress
    from toolkit.face.packaged import FaceModels, open_library

    network = FaceModels(embedder=embedder, device=device).load_embedder()
    with computing_threads(), open_library(path) as opened:
        before = opened.embedder_id
        with Progress(len(opened), quiet=quiet or as_json, unit="faces") as bar:
            count = opened.embed(network, lambda done, _: bar.update(done, {}))
    if as_json:
        print_json({"library": path, "faces": count, "before": before, "embedder": network.id})
    else:
        click.echo(f"{count} faces of {path} embedded by {network.id}")


@click.command()
@library_file
@click.argument("new", metavar="NEW.db", type=click.Path())
@as_json_option
def rescue(path: str, new: str, as_json: bool) -> None:
    """Copy every face of a damaged library that can be read into a new one; the damaged file stays as it is."""
    from toolkit.face.library_rescue import rescue as rescue_library

    saved = rescue_library(Path(path), Path(new))
    if as_json:
        print_json({"library": path, "new": new, **saved.to_json()})
        return
    click.echo(f"{saved.kept} faces saved to {new}")
    if saved.damaged:
        print_note(f"the content of {len(saved.damaged)} more was damaged: {', '.join(map(str, saved.damaged[:20]))}")
    if saved.embedder is None:
        print_note(f"its embedder is not known any more: toolkit face library reembed {new}")
