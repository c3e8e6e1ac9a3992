"""Dotted overrides: `generator.width=64`, `penalties.0.weight=3`, `loss=hinge`; and the variants of a recipe."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.config.yaml import parse_value
from toolkit.errors import ConfigError, Problem, nearest


def apply_overrides(
    document: Mapping[str, Any], overrides: Sequence[str], source: str = "the recipe"
) -> dict[str, Any]:
    """A copy of the document with each `path=value` applied, in order.

    A part that is written as a bare name becomes a mapping when one of its parameters is set:
    `loss: hinge` with `loss.margin=2` gives `{name: hinge, margin: 2}`.

    Raises:
        ConfigError: an override has no `=`, or its path goes through something that has no members.

    >>> apply_overrides({"generator": "dcgan"}, ["generator.width=32", "seed=1e1"])
    {'generator': {'name': 'dcgan', 'width': 32}, 'seed': 10.0}
    """
    result: dict[str, Any] = copy.deepcopy(dict(document))
    problems = []
    for text in overrides:
        path, separator, value = text.partition("=")
        if not separator or not path.strip():
            problems.append(Problem(text, "an override looks like `section.option=value`"))
            continue
        try:
            _set(result, path.strip().split("."), parse_value(value))
        except LookupError as error:
            problems.append(Problem(path, str(error.args[0])))
    if problems:
        raise ConfigError(problems, f"the overrides of {source}")
    return result


def _set(document: dict[str, Any], path: list[str], value: Any) -> None:
    if path[0] == "discriminator" and "discriminators" in document:  # a stored recipe holds the plural form
        path = ["discriminators", "main", *path[1:]]
    if path[0] == "discriminators" and "discriminator" in document:
        single = document.pop("discriminator")
        document["discriminators"] = {} if single is None else {"main": single}
    holder: Any = document
    for depth, step in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(holder, list):
            if not step.isdigit() or int(step) >= len(holder):
                raise LookupError(f"'{'.'.join(path[:depth])}' is a list of {len(holder)}; '{step}' is no place in it")
            key: Any = int(step)
        elif isinstance(holder, dict):
            key = step
        else:
            raise LookupError(f"'{'.'.join(path[:depth])}' is {holder!r} and has no members")
        if last:
            holder[key] = value
            return
        child = holder.get(key) if isinstance(holder, dict) else holder[key]
        if child is None:
            child = {}
        elif isinstance(child, str):
            child = {"name": child}
        holder[key] = child
        holder = child


def merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """`change` laid over `base`, section by section; a part of another name replaces the old one whole."""
    result = copy.deepcopy(dict(base))
    for key, value in change.items():
        old = result.get(key)
        if (
            isinstance(value, Mapping)
            and isinstance(old, Mapping)
            and value.get("name", old.get("name")) == old.get("name")
        ):
            result[key] = merge(old, value)
        elif isinstance(value, Mapping) and isinstance(old, str) and "name" not in value:
            result[key] = {"name": old, **copy.deepcopy(dict(value))}
        else:
            result[key] = copy.deepcopy(value)
    return result


def apply_variants(
    document: Mapping[str, Any], overrides: tuple[str, ...] | list[str], words: str = "the recipe"
) -> dict[str, Any]:
    """The document with the chosen variants merged in and the dotted overrides applied.

    Raises:
        ConfigError: there is no such variant, or an override is wrong.
    """
    plain = {key: value for key, value in document.items() if key != "variants"}
    variants = document.get("variants") or {}
    if not isinstance(variants, Mapping):
        raise ConfigError([Problem("variants", f"expected a mapping of names to changes; got {variants!r}")], words)
    chosen = [item.partition("=")[2] for item in overrides if item.startswith("variant=")]
    for name in (part.strip() for text in chosen for part in text.split(",")):
        if name not in variants:
            choices = nearest(name, [str(known) for known in variants])
            raise ConfigError([Problem("variant", f"there is no variant '{name}'; {choices}")], words)
        change = variants[name] or {}
        if not isinstance(change, Mapping):
            raise ConfigError([Problem(f"variants.{name}", f"expected a mapping of sections; got {change!r}")], words)
        plain = merge(plain, change)
    rest = [item for item in overrides if not item.startswith("variant=")]
    return apply_overrides(plain, rest, words)
