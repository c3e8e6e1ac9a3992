"""Pages of every registered part, from the registry: its parameters with types and defaults, and its docstring."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import FunctionType

from toolkit.config.schema import parameters
from toolkit.errors import ToolkitError
from toolkit.parts import KINDS
from toolkit.registry import REGISTRY, Part

_INTRODUCTION = """# Parts

Everything a recipe can name, by kind. `toolkit show NAME` prints the same, with what your installed packages add.

```{toctree}
:maxdepth: 1

"""


def write(folder: Path) -> None:
    """Write one page for each kind, and their index. Pages that would not change are not touched."""
    folder.mkdir(exist_ok=True)
    kinds = [kind for kind in KINDS if any(part.origin == "built-in" for part in REGISTRY.parts(kind))]
    _write(folder / "index.md", _INTRODUCTION + "\n".join(kinds) + "\n```\n")
    for kind in kinds:
        parts = [part for part in REGISTRY.parts(kind) if part.origin == "built-in"]
        _write(folder / f"{kind}.md", f"# {kind.replace('_', ' ').capitalize()}\n\n" + "\n".join(map(_entry, parts)))


def _write(file: Path, text: str) -> None:
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")


def _entry(part: Part) -> str:
    try:
        found = part.load()
    except ToolkitError as error:  # its extra is not installed where the pages are built
        return f"## {part.name}\n\nNot described here: {error.message}\n"
    rows = [
        f"| `{item.name}` | {_cell(item.annotation)} | {'required' if item.required else f'`{item.default!r}`'} |"
        for item in parameters(found).values()
    ]
    table = "\n".join(["| parameter | type | default |", "| --- | --- | --- |", *rows]) if rows else "No parameters."
    text = inspect.cleandoc(inspect.getdoc(found) or "")
    source = f"{found.__module__}.{found.__qualname__}"
    kind = "function" if isinstance(found, FunctionType) else "class"
    return f"## {part.name}\n\n{kind} `{source}`\n\n```text\n{text}\n```\n\n{table}\n"


def _cell(annotation: object) -> str:
    words = annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
    return "`" + words.replace("|", "\\|") + "`"
