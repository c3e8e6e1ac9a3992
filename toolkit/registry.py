"""The one registry of parts: built-in, from outside packages, from a script.

A part is a class (or a function) with a kind and a name; recipes speak of parts by name only. Three origins:

* built-in: the lazy table in `toolkit/parts.py`, `"module:Class"` texts that are imported on first use;
* outside packages: entry points in the group `toolkit.<kind>`;
* scripts: the decorator, e.g. `@register("losses", "my_loss")`, in a file given with `--import my.py`.

Listing never imports a part, so `toolkit list` answers without torch and a broken plugin cannot break it.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar

from toolkit.errors import DuplicatePartError, PluginError, ToolkitError, UnknownPartError, nearest
from toolkit.parts import BUILT_IN, KINDS
from toolkit.source_text import source_text

P = TypeVar("P", bound=Callable[..., Any])

DISABLE_VARIABLE = "TOOLKIT_DISABLE_PLUGINS"
"""Set to `1` to ignore all outside packages, or to a comma-separated list of distributions to ignore."""


@dataclass(frozen=True, slots=True)
class Part:
    """A registered part, not imported yet.

    Attributes:
        kind: e.g. `losses`.
        name: what recipes call it, e.g. `hinge`.
        target: `"module:Class"`.
        origin: `built-in`, a distribution with its version, or the script that registered it.
    """

    kind: str
    name: str
    target: str
    origin: str
    _object: Callable[..., Any] | None = field(default=None, compare=False, repr=False)

    def load(self) -> Callable[..., Any]:
        """Import the part.

        Raises:
            PluginError: importing it failed; the cause is chained and named.
        """
        if self._object is not None:
            return self._object
        module, _, attribute = self.target.partition(":")
        try:
            found = importlib.import_module(module)
            for step in attribute.split("."):
                found = getattr(found, step)
        except ToolkitError:
            raise
        except Exception as error:  # a plugin may fail in any way while it is imported
            raise PluginError(
                f"the {self.kind} part '{self.name}' from {self.origin} cannot be imported from {self.target}: "
                f"{type(error).__name__}: {error}",
                f"repair or uninstall it, or set {DISABLE_VARIABLE}=1",
            ) from error
        if not callable(found):
            raise PluginError(f"the {self.kind} part '{self.name}' from {self.origin} ({self.target}) is not callable")
        return found

    def broken(self) -> str | None:
        """Why this part cannot be used, found without importing it; `None` when nothing speaks against it.

        Only looks whether the module can be located, so a module that fails while it runs is found by `load`.
        """
        if self._object is not None:
            return None
        module, separator, attribute = self.target.partition(":")
        if not separator or not attribute:
            return f"entry point '{self.target}' names no class (expected 'module:Class')"
        text = source_text(module)
        if text is None:
            return f"no module named '{module}'"
        first = attribute.split(".")[0]
        if text and not re.search(rf"\b{re.escape(first)}\b", text):
            return f"module '{module}' does not define '{first}'"
        return None

    def summary(self) -> str:
        """First line of the docstring, read from the source text without importing it; may be empty."""
        if self._object is not None:
            return (inspect.getdoc(self._object) or "").split("\n")[0]
        module, _, attribute = self.target.partition(":")
        text = source_text(module) or ""
        found = re.search(
            rf'^(?:class|def) {re.escape(attribute)}\b.*?:\n\s+r?"""(.*?)(?:\n|""")', text, re.MULTILINE | re.DOTALL
        )
        return found.group(1).strip() if found else ""


class Registry:
    """Parts by kind and name. The toolkit uses one instance, `toolkit.registry.REGISTRY`; tests make their own.

    Args:
        built_in: `{kind: {name: "module:Class"}}`.
        plugins: whether to look at the entry points of installed packages.
    """

    def __init__(self, built_in: dict[str, dict[str, str]] | None = None, *, plugins: bool = True) -> None:
        self._plugins = plugins
        self._parts: dict[tuple[str, str], Part] = {}
        self._looked_outside = False
        for kind, table in (BUILT_IN if built_in is None else built_in).items():
            for name, target in table.items():
                self._parts[kind, name] = Part(kind, name, target, "built-in")

    def register(self, kind: str, name: str) -> Callable[[P], P]:
        """Class decorator that adds a part from a script or notebook.

        Raises:
            UnknownPartError: there is no such kind.
            DuplicatePartError: another origin has that name already.

        >>> registry = Registry({}, plugins=False)
        >>> @registry.register("losses", "constant")
        ... class Constant:
        ...     "A loss that never changes."
        >>> registry.part("losses", "constant").summary()
        'A loss that never changes.'
        """
        self._check_kind(kind)

        def add(part: P) -> P:
            target = f"{part.__module__}:{part.__qualname__}"
            try:
                origin = inspect.getsourcefile(part) or part.__module__
            except (TypeError, OSError):  # defined at a prompt
                origin = part.__module__
            self._add(Part(kind, name, target, origin, part))
            return part

        return add

    def parts(self, kind: str | None = None, pattern: str | None = None) -> list[Part]:
        """All parts, sorted by kind and name; `pattern` is a shell-style wildcard on the name."""
        import fnmatch

        if kind is not None:
            self._check_kind(kind)
        self._look_outside()
        order = {name: place for place, name in enumerate(KINDS)}
        chosen = [
            part
            for part in self._parts.values()
            if (kind is None or part.kind == kind) and (pattern is None or fnmatch.fnmatch(part.name, pattern))
        ]
        return sorted(chosen, key=lambda part: (order[part.kind], part.name))

    def part(self, kind: str, name: str) -> Part:
        """The part of that name.

        Raises:
            UnknownPartError: with the nearest name and the choices.
        """
        self._check_kind(kind)
        self._look_outside()
        try:
            return self._parts[kind, name]
        except KeyError:
            choices = [known for of, known in self._parts if of == kind]
            raise UnknownPartError(f"there is no {kind} part named '{name}'; {nearest(name, choices)}") from None

    def load(self, kind: str, name: str) -> Callable[..., Any]:
        """Import the part of that name; see `part` and `Part.load` for the errors."""
        return self.part(kind, name).load()

    def origins(self) -> dict[str, str]:
        """`{"kind/name": origin}` of every part that is not built in, to be stored with a run."""
        return {f"{part.kind}/{part.name}": part.origin for part in self.parts() if part.origin != "built-in"}

    def _check_kind(self, kind: str) -> None:
        if kind not in KINDS:
            raise UnknownPartError(f"there is no kind of part named '{kind}'; {nearest(kind, KINDS)}")

    def _add(self, part: Part) -> None:
        known = self._parts.get((part.kind, part.name))
        if known is not None and known != part:
            raise DuplicatePartError(
                f"the name '{part.name}' is claimed by two {part.kind} parts: "
                f"{known.target} ({known.origin}) and {part.target} ({part.origin})",
                "rename one of them, or uninstall one of the packages",
            )
        self._parts[part.kind, part.name] = part

    def _look_outside(self) -> None:
        disabled = os.environ.get(DISABLE_VARIABLE, "")
        if self._looked_outside or not self._plugins or disabled == "1":
            return
        ignored = {_normal(name) for name in disabled.split(",") if name.strip()}
        found = {kind: entry_points(group=f"toolkit.{kind}") for kind in KINDS}
        for kind, points in found.items():
            for point in points:
                name, origin = _distribution(point)
                if _normal(name) not in ignored:
                    self._add(Part(kind, point.name, point.value, origin))
        self._looked_outside = True


def _normal(name: str) -> str:
    """Distribution names differ only by case and by the kind of dash (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def _distribution(point: EntryPoint) -> tuple[str, str]:
    distribution = getattr(point, "dist", None)
    if distribution is None:
        return "", "an installed package"
    return distribution.name, f"{distribution.name} {distribution.version}"


def import_script(path: str | Path) -> None:
    """Run a Python file so that its `@register` decorators take effect (`--import my.py`).

    Raises:
        PluginError: the file is missing or fails while it runs.
    """
    file = Path(path).resolve()
    name = f"toolkit_script_{re.sub(r'[^0-9a-zA-Z]', '_', str(file))}"
    if name in sys.modules:
        return
    spec = importlib.util.spec_from_file_location(name, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise PluginError(f"--import {path}: there is no such Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before running it: dataclasses and pickling look their own module up
    try:
        spec.loader.exec_module(module)
    except ToolkitError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        raise PluginError(f"--import {path} failed: {type(error).__name__}: {error}") from error


REGISTRY = Registry()
register = REGISTRY.register
