"""Curves as SVG: well-formed, in place, and nothing that was given is lost."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from toolkit.engine.line_chart import line_chart

SVG = "{http://www.w3.org/2000/svg}"


def lines(document: str) -> list[list[tuple[float, float]]]:
    found = ElementTree.fromstring(document).findall(f"{SVG}polyline")
    return [[tuple(map(float, point.split(","))) for point in line.get("points", "").split()] for line in found]


def test_higher_values_stand_higher_and_later_ones_to_the_right():
    ((first, second, third),) = lines(line_chart({"a": [(0, 1.0), (10, 3.0), (20, 2.0)]}, "t", "x", "y"))
    assert first[0] < second[0] < third[0]
    assert second[1] < third[1] < first[1]


def test_names_are_escaped_and_empty_curves_left_out():
    document = line_chart({"a<b & c": [(0, 1.0)], "empty": []}, 'a "title" <', "x", "y")
    texts = [text.text for text in ElementTree.fromstring(document).iter(f"{SVG}text")]
    assert "a<b & c" in texts
    assert 'a "title" <' in texts
    assert "empty" not in texts
    assert len(lines(document)) == 1


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="nothing to draw for 'rewards'"):
        line_chart({"a": []}, "rewards", "x", "y")
