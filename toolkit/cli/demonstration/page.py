"""One HTML file that holds everything: pictures and sounds inside it, no request to anywhere. Imports no torch."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

from toolkit.engine.files import atomic_write

_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".wav": "audio/wav"}


@dataclass
class Section:
    """A part of the page.

    Attributes:
        title: heading.
        body: HTML; made with the functions of this module.
        commands: what a reader types to get the same.
        seconds: what it took here, by what was done.
        missing: why it could not be made, and the command that helps; empty when it was.
    """

    title: str
    body: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    missing: str = ""


def paragraph(text: str) -> str:
    """Words."""
    return f"<p>{html.escape(text)}</p>"


def embedded(file: Path) -> str:
    """The address of a file's content within the page.

    Raises:
        KeyError: it is neither a PNG or JPEG picture nor a WAV file.
    """
    return f"data:{_TYPES[file.suffix]};base64,{base64.b64encode(file.read_bytes()).decode()}"


def picture(file: Path, words: str, width: int | None = None) -> str:
    """A picture with a caption; shown without smoothing, so that small ones stay sharp."""
    size = "" if width is None else f' style="width:{width}px"'
    known = html.escape(words)
    return f'<figure><img alt="{known}" src="{embedded(file)}"{size}><figcaption>{known}</figcaption></figure>'


def pictures(files: Iterable[tuple[Path, str]], width: int | None = None) -> str:
    """Pictures side by side."""
    return f'<div class="row">{"".join(picture(file, words, width) for file, words in files)}</div>'


def sound(file: Path, words: str) -> str:
    """A player."""
    return (
        f'<figure class="sound"><audio controls preload="auto" src="{embedded(file)}"></audio>'
        f"<figcaption>{html.escape(words)}</figcaption></figure>"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of words."""
    cells = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    lines = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=scroll><table><thead><tr>{cells}</tr></thead><tbody>{lines}</tbody></table></div>"


def curve(series: Mapping[str, Sequence[tuple[float, float]]], unit: str) -> str:
    """Lines over one axis, as a drawing within the page.

    Args:
        series: points (x, y), x ascending, by name; empty ones are left out.
        unit: what x counts.
    """
    drawn = {name: points for name, points in series.items() if len(points) > 1}
    if not drawn:
        return paragraph("The run was too short for a curve.")
    every = [point for points in drawn.values() for point in points]
    left, right = min(x for x, _ in every), max(x for x, _ in every)
    low, high = min(y for _, y in every), max(y for _, y in every)
    across, up = 640 / (right - left or 1), 180 / (high - low or 1)
    lines, names = [], []
    for place, (name, points) in enumerate(drawn.items()):
        path = " ".join(f"{(x - left) * across:.1f},{180 - (y - low) * up:.1f}" for x, y in points)
        lines.append(f'<polyline class="line{place % 4}" points="{path}"/>')
        names.append(f'<span class="key{place % 4}">{html.escape(name)}</span>')
    return (
        f'<figure class="curve"><svg viewBox="-4 -6 648 192" role="img" aria-label="{html.escape(", ".join(drawn))}">'
        f"{''.join(lines)}</svg><figcaption>{' '.join(names)} from {low:.3g} to {high:.3g}, over {right:,.0f} {unit}"
        "</figcaption></figure>"
    )


def write_page(file: Path, title: str, lead: str, sections: Sequence[Section], machine: str) -> None:
    """Write the page, whole or not at all.

    Args:
        file: to write.
        title: of the page.
        lead: words below it.
        sections: in their order; those that are missing are gathered at the end.
        machine: what it was made on.
    """
    made = [section for section in sections if not section.missing]
    absent = [section for section in sections if section.missing]
    parts = [_section(section) for section in made]
    if absent:
        rows = [(section.title, section.missing) for section in absent]
        parts.append(f"<section><h2>Left out here</h2>{table(['part', 'why, and what helps'], rows)}</section>")
    contents = "".join(f'<a href="#{_anchor(section)}">{html.escape(section.title)}</a>' for section in made)
    style = resources.files("toolkit.cli.demonstration").joinpath("page.css").read_text(encoding="utf-8")
    atomic_write(
        file,
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{html.escape(title)}</title><style>{style}</style></head><body><header>'
        f"<h1>{html.escape(title)}</h1>{paragraph(lead)}<nav>{contents}</nav></header><main>{''.join(parts)}</main>"
        f"<footer>{html.escape(machine)}</footer></body></html>\n",
    )


def _section(section: Section) -> str:
    commands = "\n".join(html.escape(command) for command in section.commands)
    block = f"<details><summary>The same by hand</summary><pre>{commands}</pre></details>" if commands else ""
    times = ", ".join(f"{what} {seconds:.1f} s" for what, seconds in section.seconds.items())
    took = f'<p class="took">{html.escape(times)}</p>' if times else ""
    inner = "".join(section.body)
    return f'<section id="{_anchor(section)}"><h2>{html.escape(section.title)}</h2>{inner}{took}{block}</section>'


def _anchor(section: Section) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in section.title.lower())
