"""The part under test: how messages name it, and how it is built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from toolkit.config import build
from toolkit.config.schema import Parameter, as_spec, parameters
from toolkit.errors import PluginError
from toolkit.registry import REGISTRY

PartLike = str | Callable[..., Any]
"""A registered name, or the class itself."""

BUILT_BY_KEYWORD = frozenset({"pipelines", "importers"})
"""Kinds that are not built from a recipe, so their constructors may take what they like."""


class BrokenRuleError(AssertionError):
    """A part does not keep a rule of its contract; the message names both."""


class Subject:
    """One part, with the settings it is tested with.

    Args:
        kind: e.g. `losses`.
        part: its registered name (it is then built exactly as a recipe builds it), or its class.
        overrides: constructor arguments; parameters that hold parts take specs or ready objects.

    Raises:
        ToolkitError: there is no such part, or it cannot be imported.
    """

    def __init__(self, kind: str, part: PartLike, overrides: Mapping[str, Any]) -> None:
        self.kind = kind
        self.registered = isinstance(part, str)
        self.name = part if isinstance(part, str) else part.__name__
        self.part: Callable[..., Any] = REGISTRY.load(kind, part) if isinstance(part, str) else part
        self.overrides = dict(overrides)

    def __str__(self) -> str:
        settings = ", ".join(f"{key}={value!r}" for key, value in self.overrides.items())
        return f"{self.kind} part '{self.name}'" + (f" ({settings})" if settings else "")

    def must(self, condition: object, rule: str) -> None:
        """Assert a rule of the contract; it holds also under `python -O`.

        Raises:
            BrokenRuleError: naming the part and the rule.
        """
        if not condition:
            raise BrokenRuleError(f"{self}: {rule}")

    @contextmanager
    def rule(self, words: str) -> Iterator[None]:
        """Everything in the block must go through; any error becomes a BrokenRuleError that names part and rule."""
        try:
            yield
        except BrokenRuleError:
            raise
        except Exception as error:  # a part under test may fail in any way
            raise BrokenRuleError(f"{self}: {words}, but: {type(error).__name__}: {error}") from error

    def takes(self, name: str) -> bool:
        """Whether the constructor has that parameter."""
        return name in parameters(self.part)

    def annotation(self, name: str) -> Any:
        """The type of a parameter of the constructor."""
        return parameters(self.part)[name].annotation

    def build(self, **context: Any) -> Any:
        """Build the part.

        Args:
            context: what the surroundings provide; parameters that the part does not have are left out.

        Raises:
            BrokenRuleError: it cannot be built.
        """
        provided = f" and the context ({', '.join(context)})" if context else ""
        with self.rule(f"can be built from its defaults, the overrides{provided}"):
            known = parameters(self.part)
            given = {**{key: value for key, value in context.items() if key in known}, **self.overrides}
            ready = {key: value for key, value in given.items() if _is_ready(known.get(key), value)}
            specs = {key: value for key, value in given.items() if key not in ready}
            if self.registered:
                return build(self.kind, {"name": self.name, **specs}, **ready)
            return self.part(**ready, **{key: _resolved(known.get(key), value) for key, value in specs.items()})

    def check_signature(self) -> None:
        """The constructor is a schema that recipes can use, and the summary that `toolkit list` shows is there.

        Raises:
            BrokenRuleError: the docstring is missing, or a parameter is untyped, of a type that a recipe cannot write
                down, or has a default that does not fit its type.
        """
        summary = (getattr(self.part, "__doc__", None) or "").strip()
        self.must(summary, "has a docstring; its first line is what `toolkit list` shows")
        if self.kind in BUILT_BY_KEYWORD:
            return
        try:
            known = parameters(self.part)
        except PluginError as error:
            raise BrokenRuleError(f"{self}: {error}") from error
        for item in known.values():
            if item.part_kind is None:
                self._check_plain(item)

    def _check_plain(self, item: Parameter) -> None:
        self.must(item.annotation is not Any, f"the parameter '{item.name}' has a type")
        self.must(
            is_plain(item.annotation),
            f"the parameter '{item.name}' has a type that a recipe can write down, or is marked with PartOf; "
            f"it is {item.annotation}",
        )
        if item.required:
            return
        try:
            TypeAdapter(item.annotation).validate_python(item.default)
        except ValidationError as error:
            raise BrokenRuleError(
                f"{self}: the default {item.default!r} of '{item.name}' fits its type {item.annotation}: {error}"
            ) from error


def is_plain(annotation: Any) -> bool:
    """Whether a type consists of numbers, texts, paths, choices, lists and mappings of them.

    >>> is_plain(list[int] | None), is_plain(object)
    (True, False)
    """
    if annotation in (bool, int, float, str, Path, NoneType):
        return True
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return True
    if origin is Annotated:
        return is_plain(arguments[0])
    if origin in (Union, UnionType, list, tuple, dict):
        return all(is_plain(inner) for inner in arguments if inner is not Ellipsis)
    return False


def _is_ready(item: Parameter | None, value: Any) -> bool:
    """Whether an override is an object to be passed on, rather than a value or a spec."""
    if item is None or item.part_kind is None or value is None:
        return False
    if isinstance(value, (list, tuple)):
        return any(_is_ready(item, member) for member in value)
    return as_spec(item.part_kind, value) is None


def _resolved(item: Parameter | None, value: Any) -> Any:
    """A plain value as it is, specs as the parts they name."""
    if item is None or item.part_kind is None or value is None:
        return value
    if isinstance(value, (list, tuple)):
        return [build(item.part_kind, member) for member in value]
    return build(item.part_kind, value)
