"""`toolkit studio`."""

from __future__ import annotations

from pathlib import Path

import click

from toolkit.cli.face_options import print_note


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need a token.")
@click.option("--port", type=int, default=8765, show_default=True, help="0 takes a free one.")
@click.option("--token", envvar="TOOLKIT_STUDIO_TOKEN", help="What requests must carry; made where it is needed.")
@click.option("--name", "names", multiple=True, help="Further name that it is reached by, e.g. of a proxy.")
@click.option("--runs", type=click.Path(), default="runs", show_default=True, help="Folder of local runs.")
@click.option("--library", type=click.Path(), help="Face library; the packaged demo by default.")
@click.option("--max-upload", type=click.FloatRange(0.1, 500), default=20, show_default=True, help="In megabytes.")
@click.option("--device", default="auto", show_default=True)
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
def studio(
    host: str,
    port: int,
    token: str | None,
    names: tuple[str, ...],
    runs: str,
    library: str | None,
    max_upload: float,
    device: str,
    open_page: bool,
) -> None:
    """One page for everything: images, speech, translation, faces, and the runs of this machine.

    It listens on this machine only, loads nothing from elsewhere, and keeps uploads in memory. With --host it can be
    reached by others; requests must then carry a token, which is part of the address that is printed.
    """
    from toolkit.errors import require

    for module in ("fastapi", "uvicorn"):
        require(module, "studio", "The studio")
    from toolkit.studio.serving import serve
    from toolkit.studio.settings import MEGABYTE, Limits, Settings

    settings = Settings(
        host=host,
        port=port,
        token=token,
        names=names,
        runs=Path(runs),
        library=None if library is None else Path(library),
        device=device,
        limits=Limits(upload_bytes=round(max_upload * MEGABYTE)),
    )
    if not settings.is_local:
        print_note("the studio can be reached from other machines, unencrypted: use it in a network that you trust")
    serve(settings, lambda address: click.echo(f"studio: {address}  (Ctrl+C ends it)"), open_page)
