"""Curves and pictures as SVG text, for the pages of scenarios."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 560, 300, 56, 14, 12, 40
COLOURS = ("#0b5cad", "#b3261e", "#0a6b3d", "#8a3ab9", "#9a5b00", "#00707a", "#5b5f66", "#c2187a")
DASHES = ("", "7 4", "2 3", "9 3 2 3", "12 4", "4 4", "1 2", "14 3 2 3 2 3")
DECADES = 1.3
"""From how many powers of ten between the smallest and the largest value the axis is logarithmic."""
PIXEL = 6


class Curve(NamedTuple):
    """A name, and points of equal number."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def shown(curve: Curve) -> Curve:
    """The points that can be drawn: finite ones."""
    points = [(float(x), float(y)) for x, y in zip(curve.x, curve.y, strict=False) if math.isfinite(float(y))]
    return Curve(curve.name, [x for x, _ in points], [y for _, y in points])


def lines(curves: Sequence[Curve], title: str, across: str = "step", ends: tuple[float, float] | None = None) -> str:
    """A chart of curves over one axis; they differ by colour and dashes. `ends`: of the upright axis, shared between charts.
    The upright axis is logarithmic where values differ by much. Empty where nothing can be drawn."""
    drawn = [curve for curve in map(shown, curves) if curve.x]
    if not drawn:
        return ""
    low, high = ends or span(drawn)
    left, right = min(min(c.x) for c in drawn), max(max(c.x) for c in drawn)
    power = low > 0 and math.log10(high / low) > DECADES
    place: Callable[[float], float] = math.log10 if power else float

    def x(value: float) -> float:
        return LEFT + (value - left) / ((right - left) or 1) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        share = (place(value) - place(low)) / ((place(high) - place(low)) or 1)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}" class="curves">',
           f"<title>{escape(title)}</title>"]
    for tick in ticks(low, high, power):
        out.append(f'<line class="tick" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        out.append(f'<text class="axis" x="{LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for tick in ticks(left, right, False):
        out.append(f'<text class="axis" x="{x(tick):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{tick:g}</text>')
    out.append(f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{escape(across)}</text>')
    for number, curve in enumerate(drawn):
        points = " ".join(f"{x(a):.1f},{y(min(max(b, low), high)):.1f}" for a, b in zip(curve.x, curve.y, strict=True))
        said = f"{curve.name}: from {curve.y[0]:.4g} to {curve.y[-1]:.4g}"
        out.append(f'<polyline points="{points}" {stroke(number)}><title>{escape(said)}</title></polyline>')
    return "\n".join([*out, "</svg>"])


def span(curves: Sequence[Curve]) -> tuple[float, float]:
    """The least and the largest value of all curves."""
    values = [y for curve in map(shown, curves) for y in curve.y]
    low, high = min(values), max(values)
    return (low, high) if low < high else (low - 1.0, high + 1.0)


def stroke(number: int) -> str:
    """How the curve of this number is drawn."""
    dash = DASHES[number % len(DASHES)]
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'fill="none" stroke="{COLOURS[number % len(COLOURS)]}" stroke-width="2"{dashed}'


def key(number: int) -> str:
    """A sample of the curve of this number, for a legend."""
    return f'<svg viewBox="0 0 34 10" class="key" aria-hidden="true"><line x1="1" x2="33" y1="5" y2="5" {stroke(number)}/></svg>'


def ticks(low: float, high: float, power: bool) -> list[float]:
    """Round numbers between two ends: powers of ten and their halves, or some five at equal distance."""
    if power:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        return [v for n in range(first, last + 1) for v in (10.0**n, 3 * 10.0**n) if low <= v <= high]
    rough = (high - low) / 5
    unit = 10 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    step = next((unit * m for m in (1, 2, 5, 10) if unit * m >= rough), unit)
    return [round(n * step, 12) for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def picture(rows: Sequence[Sequence[float]], title: str) -> str:
    """An image of grey values from 0 (white) to 1 (black), a square each."""
    high, wide = len(rows), max((len(row) for row in rows), default=0)
    out = [f'<svg viewBox="0 0 {wide * PIXEL} {high * PIXEL}" role="img" aria-label="{escape(title)}" class="picture">',
           f"<title>{escape(title)}</title>"]
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            grey = min(max(float(value), 0.0), 1.0)
            if grey > 0.02:
                out.append(f'<rect x="{j * PIXEL}" y="{i * PIXEL}" width="{PIXEL}" height="{PIXEL}" fill-opacity="{grey:.2f}"/>')
    return "\n".join([*out, "</svg>"])
