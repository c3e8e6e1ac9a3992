"""`toolkit list` and `toolkit show`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import click

from toolkit.cli.main import print_json
from toolkit.errors import CheckpointError, PluginError, UnknownPartError, nearest
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
    """Signature, documentation and source of the part NAME, or the card of the model NAME.

    KIND/NAME is a part where several kinds have one of that name. A model is a run, a folder or a shipped model.
    """
    kind, _, short = name.rpartition("/")
    parts = [part for part in REGISTRY.parts(kind if kind in KINDS else None) if part.name == short]
    if not parts or (kind and kind not in KINDS):
        _show_model(name, kind, short, as_json)
        return
    described = [_describe(part, source) for part in parts]
    namesake = _described_model(name) if _is_shipped(name) else None
    if as_json:
        print_json([*described, *([] if namesake is None else [namesake])])
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
    if namesake is not None:
        click.echo(f"\nmodels/{name}  (shipped)\n")
        _print_card(namesake)


def _show_model(name: str, kind: str, short: str, as_json: bool) -> None:
    from toolkit.engine.shelf import locate_model, shipped_models

    try:
        folder = locate_model(name)
    except CheckpointError as error:
        if Path(name).exists():
            raise
        if kind and kind not in KINDS:
            hint = nearest(kind, KINDS)
        else:
            names = {part.name for part in REGISTRY.parts(kind or None)}
            hint = nearest(short, names | (set() if kind else set(shipped_models())))
        raise UnknownPartError(f"there is no part or model named '{name}'; {hint}") from error
    described = _described_model(folder, name)
    if as_json:
        print_json([described])
    else:
        _print_card(described)


def _is_shipped(name: str) -> bool:
    from toolkit.engine.shelf import shipped_models

    return name in shipped_models()


def _described_model(folder: str | Path, name: str | None = None) -> dict[str, Any]:
    from toolkit.engine.cards import read_card, summary
    from toolkit.engine.shelf import locate_model

    place = locate_model(folder)
    card = read_card(place)
    return {"kind": "model", **summary(place, name), "facts": dict(card.facts), "card": card.text}


def _print_card(described: dict[str, Any]) -> None:
    for fact, value in described["facts"].items():
        click.echo(f"{fact}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    text = described["card"].rstrip() or f"{described['folder']} has no card"
    click.echo(f"\n{text}" if described["facts"] else text)


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
