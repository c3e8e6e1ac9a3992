"""Finding and reading recipe files: YAML, Python, or packaged with the toolkit."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from toolkit.config.yaml import parse_yaml
from toolkit.errors import ConfigError, Problem, nearest

RECIPE_FILE = "recipe.yaml"


def load_document(source: str | Path) -> tuple[dict[str, Any], Path]:
    """Read a recipe file, without validating it.

    Args:
        source: a folder with `recipe.yaml` or `recipe.py`, or such a file, or the name of a packaged recipe
            (`image/digits`).

    Returns:
        The document, and the file it came from.

    Raises:
        ConfigError: it is missing or cannot be read.
    """
    file = _find(source)
    if file.suffix == ".py":
        return _from_python(file), file
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise ConfigError([Problem("", "this is no text in UTF-8, so it is no recipe")], str(file)) from None
    return parse_yaml(text, str(file)), file


def packaged_recipes() -> Path | None:
    """The folder of recipes that comes with the toolkit: in a wheel, or in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "_recipes", package.parent / "recipes"):
        if candidate.is_dir():
            return candidate
    return None


def recipe_names() -> list[str]:
    """Names of the packaged recipes, e.g. `image/digits`."""
    root = packaged_recipes()
    if root is None:
        return []
    return sorted(str(file.parent.relative_to(root)) for file in root.rglob(RECIPE_FILE))


def _find(source: str | Path) -> Path:
    path = Path(source)
    candidates = [path]
    root = packaged_recipes()
    if root is not None and not path.is_absolute():
        short = Path(*path.parts[1:]) if path.parts[:1] == ("recipes",) else path
        candidates.append(root / short)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
        for name in (RECIPE_FILE, "recipe.py"):
            if (candidate / name).is_file():
                return candidate / name
    raise ConfigError(
        [Problem("", f"no such file, nor a folder with {RECIPE_FILE}; {nearest(str(source), recipe_names())}")],
        str(source),
    )


def _from_python(file: Path) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(f"toolkit_recipe_{file.stem}", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        function: Callable[[], Any] | None = getattr(module, "recipe", None)
        document = None if function is None else function()
    except Exception as error:  # a recipe in Python may fail in any way
        raise ConfigError([Problem("", f"running it failed: {type(error).__name__}: {error}")], str(file)) from error
    if function is None:
        raise ConfigError([Problem("", "it defines no function `recipe()`")], str(file))
    if not isinstance(document, Mapping):
        raise ConfigError(
            [Problem("", f"`recipe()` must return a mapping; it returned {type(document).__name__}")], str(file)
        )
    return dict(document)
