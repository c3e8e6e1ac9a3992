"""YAML as people write it: `1e-3` is a number, duplicate keys are errors, and errors name file and line."""

from __future__ import annotations

import re
from collections.abc import Hashable
from typing import Any

import yaml

from toolkit.errors import ConfigError, Problem


class _Loader(yaml.SafeLoader):
    """SafeLoader with YAML 1.2 floats (PyYAML reads `1e-3` as text) and without silent duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":  # `<<: *base`; what it brings in may be overridden
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable):
                raise yaml.constructor.ConstructorError(None, None, "a key is a plain name", key_node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' stands twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


class _Dumper(yaml.SafeDumper):
    """SafeDumper that quotes the texts which `_Loader` would read as numbers, and repeats instead of pointing back."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        # Only in double quotes does PyYAML keep these three line ends apart from a space.
        style = '"' if any(character in data for character in "\x85\u2028\u2029") else None
        node: yaml.ScalarNode = self.represent_scalar("tag:yaml.org,2002:str", data, style)
        return node


_Dumper.add_representer(str, _Dumper.represent_str)

for _kind in (_Loader, _Dumper):
    _kind.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"^[-+]?([0-9][0-9_]*(\.[0-9_]*)?|\.[0-9_]+)[eE][-+]?[0-9]+$"),
        list("-+0123456789."),
    )


def parse_value(text: str) -> Any:
    """One value, as after `=` on the command line; text that is no YAML stays text."""
    try:
        return yaml.load(text, Loader=_Loader)
    except (yaml.YAMLError, ValueError):  # a ValueError for what only looks like a date or a number: 2024-13-45
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
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError([Problem("", str(error))], source) from None
    if not isinstance(document, dict):
        raise ConfigError([Problem("", f"expected a mapping of sections, found {type(document).__name__}")], source)
    return document


def dump_yaml(document: Any) -> str:
    """Block-style YAML in the order given."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110)
    return text
