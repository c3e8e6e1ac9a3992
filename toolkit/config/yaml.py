"""YAML as people write it: `1e-3` is a number, duplicate keys are errors, and errors name file and line."""

from __future__ import annotations

import re
from typing import Any

import yaml

from toolkit.errors import ConfigError, Problem


class _Loader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2 floats (PyYAML reads `1e-3` as text) and without silent duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9_]+)[eE][-+]?[0-9]+$"),
    list("-+0123456789."),
)


def parse_value(text: str) -> Any:
    """One value, as after `=` on the command line; text that is no YAML stays text."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError:
        return text


def parse_yaml(text: str, source: str) -> dict[str, Any]:
    """A YAML document that must be a mapping.

    Raises:
        ConfigError: with the line and column of what is wrong.
    """
    try:
        document = yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ConfigError([Problem(place, error.problem or str(error))], source) from None
    except yaml.YAMLError as error:
        raise ConfigError([Problem("", str(error))], source) from None
    if not isinstance(document, dict):
        raise ConfigError([Problem("", f"expected a mapping of sections, found {type(document).__name__}")], source)
    return document


def dump_yaml(document: Any) -> str:
    """Block-style YAML in the order given."""
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return text
