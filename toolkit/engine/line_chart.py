"""Curves as an SVG file: no plotting library, and a picture that any browser shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 360, 64, 168, 36, 44
_COLOURS = ("#1b6ca8", "#c44536", "#3a7d44", "#8a5a9e", "#b7791f", "#2a9d8f", "#7a7a7a", "#d1495b")

Curve = Sequence[tuple[float, float]]


def line_chart(curves: Mapping[str, Curve], title: str, across: str, up: str) -> str:
    """An SVG document with one line for each curve and a legend; curves without points are left out.

    Args:
        curves: points (x, y) by name, finite, in order of x.
        title: above the picture.
        across: what x is.
        up: what y is.

    Raises:
        ValueError: no curve has a point.
    """
    drawn = {name: list(points) for name, points in curves.items() if points}
    if not drawn:
        raise ValueError(f"there is nothing to draw for '{title}'")
    every = [point for points in drawn.values() for point in points]
    low_x, high_x = _range([x for x, _ in every])
    low_y, high_y = _range([y for _, y in every])
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def place(x: float, y: float) -> str:
        right = _LEFT + wide * (x - low_x) / (high_x - low_x)
        down = _TOP + high * (high_y - y) / (high_y - low_y)
        return f"{right:.1f},{down:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_LEFT}" y="22" font-size="15">{escape(title)}</text>',
        f'<text x="{_LEFT + wide / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>',
        f'<text x="14" y="{_TOP + high / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {_TOP + high / 2})">{escape(up)}</text>',
    ]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = low_x + share * (high_x - low_x), low_y + share * (high_y - low_y)
        start, end = place(low_x, y), place(high_x, y)
        parts.append(f'<path d="M{start} L{end}" stroke="#ddd"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{float(start.split(",")[1]) + 4:.1f}" text-anchor="end">{y:.3g}</text>')
        below = f'<text x="{place(x, low_y).split(",")[0]}" y="{_TOP + high + 16}" text-anchor="middle">{x:,.0f}</text>'
        parts.append(below)
    for number, (name, points) in enumerate(drawn.items()):
        colour, line = _COLOURS[number % len(_COLOURS)], " ".join(place(x, y) for x, y in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.8"/>')
        down = _TOP + 14 + 18 * number
        parts.append(f'<rect x="{_WIDTH - _RIGHT + 12}" y="{down - 9}" width="14" height="4" fill="{colour}"/>')
        parts.append(f'<text x="{_WIDTH - _RIGHT + 32}" y="{down - 3}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
