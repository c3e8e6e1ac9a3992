"""From a spec to the part: complete it, build what it holds, call the constructor."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from toolkit.config.schema import Spec, check, in_order, parameters
from toolkit.errors import ConfigError, Problem
from toolkit.registry import REGISTRY


def build(kind: str, value: Any, path: str = "", **context: Any) -> Any:
    """Build a part from its spec.

    Args:
        kind: kind of the part.
        value: the spec.
        path: its place in the recipe, for messages; the kind when empty.
        context: values for parameters that the spec leaves out; those the part does not take are ignored.

    Raises:
        ConfigError: with every problem of the spec; or the constructor refuses the values with a ValueError.
    """
    path = path or kind
    completed = complete(kind, value, path, **context)
    part = REGISTRY.load(kind, completed["name"])
    known = parameters(part)
    arguments = {}
    for key, item in completed.items():
        if key == "name" or key not in known:  # switches of the kind are applied by whoever builds
            continue
        nested = known[key].part_kind
        arguments[key] = (
            item
            if nested is None or key in _given_objects(context, value)
            else _build_nested(nested, item, f"{path}.{key}")
        )
    try:
        return part(**arguments)
    except ValueError as error:
        raise ConfigError([Problem(path, str(error))]) from error


def _given_objects(context: Mapping[str, Any], value: Any) -> Set[str]:
    """Names that the context filled in with ready objects rather than specs."""
    given = value if isinstance(value, Mapping) else {}
    return {key for key in context if key not in given}


def _build_nested(kind: str, item: Any, path: str) -> Any:
    if item is None:
        return None
    if isinstance(item, list):
        return [build(kind, member, f"{path}.{place}") for place, member in enumerate(item)]
    return build(kind, item, path)


def complete(kind: str, value: Any, path: str = "", **context: Any) -> Spec:
    """The spec with defaults and context filled in, as it is stored with a run.

    Raises:
        ConfigError: with every problem of the spec.
    """
    spec, problems = check(kind, value, path or kind, provided=context.keys())
    if problems:
        raise ConfigError(problems)
    known = parameters(REGISTRY.load(kind, spec["name"]))
    filled = {key: item for key, item in context.items() if key in known and key not in spec}
    return in_order({**spec, **filled}, known)
