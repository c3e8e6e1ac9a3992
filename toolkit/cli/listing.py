"""`toolkit list` and `toolkit show`."""

from __future__ import annotations

from typing import get_args

import click

from toolkit.cli.main import print_json
from toolkit.errors import PluginError, UnknownPartError, nearest
from toolkit.parts import KINDS
from toolkit.registry import REGISTRY, Part


@click.command("list")
@click.argument("kind", required=False)
@click.argument("pattern", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_parts(kind: str | None, pattern: str | None, as_json: bool) -> None:
    """List the parts that recipes can name: all, of one KIND, or those whose name matches PATTERN ("r*").

    `toolkit list recipes` lists the packaged recipes.
    """
    if kind == "recipes":
        _list_recipes(as_json)
        return
    parts = REGISTRY.parts(kind, pattern)
    if as_json:
        print_json([_entry(part) for part in parts])
        return
    width = max((len(part.name) for part in parts), default=0)
    shown = None
    for part in parts:
        if part.kind != shown:
            click.echo(f"{part.kind}:")
            shown = part.kind
        broken = part.broken()
        origin = "" if part.origin == "built-in" else f"  [{part.origin}]"
        words = f"BROKEN: {broken}" if broken else part.summary()
        click.echo(f"  {part.name:{width}}  {words}{origin}")
    if not parts:
        click.echo(f"nothing matches; kinds: {', '.join(KINDS)}")


def _list_recipes(as_json: bool) -> None:
    from toolkit.config.documents import recipe_names

    names = recipe_names()
    if as_json:
        print_json(names)
    else:
        click.echo("\n".join(names) or "no recipes are packaged with this installation")


def _entry(part: Part) -> dict[str, str | None]:
    return {
        "kind": part.kind,
        "name": part.name,
        "summary": part.summary(),
        "target": part.target,
        "origin": part.origin,
        "broken": part.broken(),
    }


@click.command()
@click.argument("name")
@click.option("--source", is_flag=True, help="Print the whole source code too.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
def show(name: str, source: bool, as_json: bool) -> None:
    """Signature, documentation and source of the part NAME, or KIND/NAME where several kinds have one of that name."""
    kind, _, short = name.rpartition("/")
    parts = [part for part in REGISTRY.parts(kind or None) if part.name == short]
    if not parts:
        choices = {part.name for part in REGISTRY.parts(kind or None)}
        raise UnknownPartError(f"there is no part named '{short}'; {nearest(short, choices)}")
    described = [_describe(part, source) for part in parts]
    if as_json:
        print_json(described)
        return
    for entry in described:
        click.echo(f"{entry['kind']}/{entry['name']}  ({entry['origin']}, {entry['target']})")
        if entry["broken"]:
            click.echo(f"  BROKEN: {entry['broken']}")
            continue
        click.echo(f"\n{entry['documentation']}\n")
        click.echo("Parameters:" if entry["parameters"] else "No parameters.")
        for key, words in parameter_words(entry).items():
            click.echo(f"  {key}: {words}")
        click.echo(f"\nDefined in {entry['file']}:{entry['line']}")
        if source:
            click.echo(f"\n{entry['source']}")


def parameter_words(entry: dict[str, object]) -> dict[str, str]:
    """The parameters of a described part, each in words."""
    words = entry["parameters"]
    assert isinstance(words, dict)
    return words


def _describe(part: Part, with_source: bool) -> dict[str, object]:
    import inspect

    from toolkit.config.schema import parameters

    entry: dict[str, object] = dict(_entry(part))
    try:
        found = part.load()
        known = parameters(found)
    except PluginError as error:
        return {**entry, "broken": error.message}
    entry["documentation"] = inspect.getdoc(found) or "(no documentation)"
    entry["parameters"] = {
        item.name: f"{_type_words(item.annotation, item.part_kind)}"
        + (" (required)" if item.required else f" = {item.default!r}")
        for item in known.values()
    }
    lines, first = inspect.getsourcelines(found)
    entry["file"], entry["line"] = inspect.getsourcefile(found), first
    if with_source:
        entry["source"] = "".join(lines)
    return entry


def _type_words(annotation: object, part_kind: str | None) -> str:
    if part_kind == "schedules":
        return "number or schedule"
    if part_kind is not None:
        return f"a {part_kind} part"
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "")
