"""A part's constructor signature is its schema: pydantic models are derived from it, and parts are built through it.

A *spec* is how a recipe speaks of a part: `"hinge"`, or `{name: r1, weight: 5}`; a bare number stands for the schedule
that is constant at that number. Parameters that hold parts themselves are marked in the signature:

    def __init__(self, weight: Annotated[Schedule | float, PartOf("schedules")] = 1.0): ...

Some parameters are known only once the data is open (a picture's resolution, the number of classes). The task provides
them as *context*: a recipe may leave them out, and `build` fills them in.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from toolkit.config.explain import found_problems
from toolkit.errors import PluginError, Problem, UnknownPartError, nearest
from toolkit.registry import REGISTRY

Spec = dict[str, Any]

KIND_OPTIONS: dict[str, dict[str, bool]] = {"discriminators": {"spectral_norm": False}}
"""Switches that every part of a kind has without naming them in its signature, and their defaults."""


@dataclass(frozen=True, slots=True)
class PartOf:
    """Marks a parameter, or every member of a list parameter, as a part of some kind."""

    kind: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a part's constructor.

    Attributes:
        annotation: its type without the `PartOf` mark.
        default: `inspect.Parameter.empty` when required.
        part_kind: kind of the part it holds, or `None` for a plain value.
    """

    name: str
    annotation: Any
    default: Any
    part_kind: str | None

    @property
    def required(self) -> bool:
        """Whether the constructor has no default for it."""
        return self.default is inspect.Parameter.empty

    @property
    def holds_list(self) -> bool:
        """Whether it takes a list of values."""
        members = (self.annotation, *get_args(self.annotation))  # itself, or within a union
        return any(get_origin(member) in (list, tuple, Sequence) for member in members)


@cache
def parameters(part: Callable[..., Any]) -> dict[str, Parameter]:
    """The parameters of a part's constructor, in order, with types resolved.

    A parameter called `name` keeps its default: in a spec that word names the part itself.

    Raises:
        PluginError: an annotation names something that does not exist, or the part takes `*args`.
    """
    call = part.__init__ if inspect.isclass(part) else part
    try:
        hints = get_type_hints(call, include_extras=True)
    except NameError as error:
        raise PluginError(
            f"{part.__module__}:{part.__qualname__} has an annotation that does not resolve: {error}"
        ) from error
    found: dict[str, Parameter] = {}
    for name, parameter in inspect.signature(part).parameters.items():
        if parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL):
            raise PluginError(
                f"{part.__module__}:{part.__qualname__} takes positional-only parameter '{name}'",
                "parts are built by keyword: give every parameter a name and a type",
            )
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            continue
        if name == "name":
            if parameter.default is inspect.Parameter.empty:
                raise PluginError(
                    f"{part.__module__}:{part.__qualname__} has a required parameter 'name'",
                    "call it something else: in a recipe 'name' is the name of the part",
                )
            continue
        annotation, kind = _unmark(hints.get(name, Any))
        found[name] = Parameter(name, annotation, parameter.default, kind)
    return found


def _unmark(annotation: Any) -> tuple[Any, str | None]:
    if get_origin(annotation) is Annotated:
        inner, *marks = get_args(annotation)
        for mark in marks:
            if isinstance(mark, PartOf):
                return inner, mark.kind
    return annotation, None


@cache
def _model(part: Callable[..., Any]) -> type[BaseModel]:
    """The pydantic model of the plain parameters."""
    fields: dict[str, Any] = {
        item.name: (item.annotation, ... if item.required else item.default)
        for item in parameters(part).values()
        if item.part_kind is None
    }
    settings = ConfigDict(extra="forbid", arbitrary_types_allowed=True, protected_namespaces=(), allow_inf_nan=False)
    return create_model(f"{part.__name__}Parameters", __config__=settings, **fields)


def as_spec(kind: str, value: Any) -> Spec | None:
    """A recipe's way of naming a part, brought to `{name: ..., parameter: ...}`; `None` when it is no such thing."""
    if isinstance(value, str):
        return {"name": value}
    if kind == "schedules" and isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"name": "constant", "value": value}
    if isinstance(value, Mapping) and isinstance(value.get("name"), str):
        return {str(key): item for key, item in value.items()}  # YAML reads `no:` and `1:` as other than text
    return None


def check(kind: str, value: Any, path: str, provided: Set[str] = frozenset()) -> tuple[Spec, list[Problem]]:
    """Validate a spec without building anything.

    Args:
        kind: kind of the part.
        value: the spec as written.
        path: dotted path of the spec in the recipe, for messages.
        provided: parameters that the context will fill in later.

    Returns:
        The spec with values coerced and defaults filled in, and every problem found in it.
    """
    spec = as_spec(kind, value)
    if spec is None:
        return {}, [Problem(path, f"expected the name of one of the {kind}, or a mapping with 'name'; got {value!r}")]
    name = spec.pop("name")
    try:
        part = REGISTRY.load(kind, name)
        known = parameters(part)
        model = _model(part)
    except (UnknownPartError, PluginError) as error:
        return {}, [Problem(f"{path}.name", error.message)]

    switches, problems = _check_switches(kind, spec, known, path)
    problems += [
        Problem(f"{path}.{key}", f"'{name}' has no parameter '{key}'; {nearest(key, {*known, *switches})}")
        for key in spec
        if key not in known
    ]
    plain = {key: item for key, item in spec.items() if key in known and known[key].part_kind is None}
    checked: Spec = {"name": name, **switches}
    try:
        values = model.model_validate(plain)
        checked.update({key: getattr(values, key) for key in model.model_fields if key in plain or key not in provided})
    except ValidationError as error:
        problems += [
            problem
            for parameter, missing, problem in _explain(error, path, plain)
            if not (missing and parameter in provided)
        ]
        checked.update(plain)
        _fill_defaults(checked, known, provided)
    for item in known.values():
        if item.part_kind is None:
            continue
        if item.name in spec:
            checked[item.name], found = _check_nested(item, spec[item.name], f"{path}.{item.name}")
            problems += found
        elif item.required and item.name not in provided:
            problems.append(Problem(f"{path}.{item.name}", f"'{name}' needs this: one of the {item.part_kind}"))
        elif item.name not in provided:
            default, wrong = _check_nested(item, item.default, f"{path}.{item.name}")
            if not wrong:  # else it is an object that no recipe could name
                checked[item.name] = default
    return in_order(checked, known), problems


def in_order(spec: Spec, known: Mapping[str, Parameter]) -> Spec:
    """A checked spec with its entries in the order of the signature, so that it is stored the same every time."""
    return {key: spec[key] for key in (*(key for key in spec if key not in known), *known) if key in spec}


def _check_switches(
    kind: str, spec: Spec, known: Mapping[str, Parameter], path: str
) -> tuple[dict[str, bool], list[Problem]]:
    """Take the switches of the kind out of the spec, except those that the part has as parameters of its own."""
    switches: dict[str, bool] = {}
    problems = []
    for key, default in KIND_OPTIONS.get(kind, {}).items():
        if key in known:
            continue
        value = spec.pop(key, default)
        if not isinstance(value, bool):
            problems.append(Problem(f"{path}.{key}", f"is true or false; got {value!r}"))
        switches[key] = bool(value)
    return switches, problems


def _fill_defaults(checked: Spec, known: Mapping[str, Parameter], provided: Set[str]) -> None:
    for item in known.values():
        if item.part_kind is None and not item.required and item.name not in provided:
            checked.setdefault(item.name, item.default)


def _explain(error: ValidationError, path: str, given: Mapping[str, Any]) -> list[tuple[str, bool, Problem]]:
    """(parameter, whether it is merely missing, the problem in words) for every error pydantic found."""
    found = []
    for place, kind, words in found_problems(error, given):
        missing = kind == "missing"
        where = ".".join(str(step) for step in (path, *place) if step != "")
        found.append((str(place[0]), missing, Problem(where, "is required and has no default" if missing else words)))
    return found


def _check_nested(item: Parameter, value: Any, path: str) -> tuple[Any, list[Problem]]:
    assert item.part_kind is not None
    if value is None and (item.default is None or type(None) in get_args(item.annotation)):
        return None, []
    if item.holds_list:
        if not isinstance(value, (list, tuple)):
            return [], [Problem(path, f"expected a list of {item.part_kind}; got {value!r}")]
        pairs = [check(item.part_kind, member, f"{path}.{place}") for place, member in enumerate(value)]
        return [spec for spec, _ in pairs], [problem for _, found in pairs for problem in found]
    return check(item.part_kind, value, path)
