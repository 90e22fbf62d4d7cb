"""A line plot as SVG, in a file that shows in a diff what has changed: one curve or several over a logarithmic axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 44, 52
COLOURS = ("#1f6feb", "#b3541e", "#2c7a4b")
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
ROWS = 5

Point = tuple[float, float]


class Curve(NamedTuple):
    """Named points, in the order of their first number."""

    name: str
    points: Sequence[Point]


class _Frame:
    """Where a value stands in the picture."""

    def __init__(self, curves: Sequence[Curve]) -> None:
        places = [math.log10(x) for curve in curves for x, _ in curve.points]
        self._first, self._last = min(places), max(*places, min(places) + 1e-9)
        self.step = step(max(y for curve in curves for _, y in curve.points))
        self.top = self.step * ROWS

    def x(self, value: float) -> float:
        share = (math.log10(value) - self._first) / (self._last - self._first)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self.top * (HEIGHT - TOP - BOTTOM)


def step(highest: float) -> float:
    """The distance of the horizontal lines: a round number, with so many of which the highest value is reached."""
    if highest <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(highest / ROWS))
    return next((each * unit for each in STEPS if each * unit * ROWS >= highest), 10 * unit)


def short(value: float) -> str:
    """A number as an axis says it: 20k, 1M."""
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.4g}{letter}"
    return f"{value:.4g}"


def plot(title: str, across: str, up: str, curves: Sequence[Curve]) -> str:
    """The picture. Every curve has at least one point, with numbers above 0 across. Raises ValueError without any."""
    if not any(curve.points for curve in curves):
        raise ValueError("there is nothing to plot")
    frame = _Frame(curves)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        _text(LEFT, 20, title, "start", 15),
        _text(LEFT, 36, up, "start"),
        _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, across, "middle"),
        *_rows(frame),
        *_columns(frame, sorted({x for curve in curves for x, _ in curve.points})),
    ]
    for place, curve in enumerate(curves):
        lines += _curve(frame, curve, COLOURS[place % len(COLOURS)], place if len(curves) > 1 else None)
    return "\n".join([*lines, "</svg>", ""])


def _rows(frame: _Frame) -> list[str]:
    lines = []
    for number in range(ROWS + 1):
        value = number * frame.step
        y = frame.y(value)
        lines.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" stroke="#d5d9de"/>')
        lines.append(_text(LEFT - 8, y + 4, short(value), "end"))
    return lines


def _columns(frame: _Frame, places: list[float]) -> list[str]:
    return [_text(frame.x(place), HEIGHT - BOTTOM + 18, short(place), "middle") for place in places]


def _curve(frame: _Frame, curve: Curve, colour: str, row: int | None) -> list[str]:
    at = [(frame.x(x), frame.y(y)) for x, y in curve.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    lines = [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>']
    lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in at]
    if row is not None:
        lines.append(_text(WIDTH - RIGHT, TOP - 24 + 16 * row, curve.name, "end", fill=colour))
    return lines


def _text(x: float, y: float, text: str, anchor: str, size: int = 12, fill: str = "#24292f") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{fill}">'
        f"{escape(text)}</text>"
    )
