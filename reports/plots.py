"""Charts as SVG text: no library draws them, so a page needs none and stays one file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape

from reports.lines import Timing

PLOT, ROW, TOP, RIGHT = 380, 20, 34, 16
LETTER = 7.6
"""The width of a letter in a label, in pixels, on the safe side."""
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def measured(timing: Timing) -> bool:
    """Whether a timing has a ratio that a logarithmic axis can show."""
    return timing.ratio is not None and math.isfinite(timing.ratio) and timing.ratio > 0


def span(timings: Iterable[Timing]) -> tuple[float, float]:
    """The ends of a common axis: everything measured, and 1, with a little room."""
    ends = [1.0]
    for each in timings:
        if measured(each):
            ends += [value for value in (each.ratio, each.low, each.high) if value and math.isfinite(value)]
    return min(ends) / 1.25, max(ends) * 1.25


def forest(timings: Sequence[Timing], ends: tuple[float, float], title: str) -> str:
    """One row a timing: its ratio and interval on a logarithmic axis with a line at 1.

    Verdicts differ by shape and colour.

    `ends` are the ends of the axis (see `span`), so that several charts can share it.
    """
    low, high = (math.log(end) for end in ends)
    left = max((len(_label(each)) for each in timings), default=0) * LETTER + 16
    width = left + PLOT + RIGHT

    def x(value: float) -> float:
        share = (math.log(min(max(value, ends[0]), ends[1])) - low) / (high - low)
        return left + share * PLOT

    height = TOP + ROW * len(timings) + 8
    drawn = [
        f'<svg viewBox="0 0 {width:.0f} {height}" role="img" aria-label="{escape(title)}" class="forest">',
        f"<title>{escape(title)}</title>",
    ]
    for tick in (tick for tick in TICKS if ends[0] <= tick <= ends[1]):
        kind = "one" if tick == 1 else "tick"
        drawn.append(f'<line class="{kind}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{TOP - 10}" y2="{height - 4}"/>')
        drawn.append(f'<text class="axis" x="{x(tick):.1f}" y="{TOP - 16}" text-anchor="middle">{tick:g}×</text>')
    for index, each in enumerate(timings):
        drawn += _row(each, TOP + ROW * index + ROW / 2, left, x)
    return "\n".join([*drawn, "</svg>"])


def _label(each: Timing) -> str:
    return f"{each.cell} {each.workload}" + (" + backward" if each.pass_ == "forward+backward" else "")


def _row(each: Timing, y: float, left: float, x: Callable[[float], float]) -> list[str]:
    label = _label(each)
    drawn = [f'<text class="label" x="{left - 12:.0f}" y="{y + 4:.1f}" text-anchor="end">{escape(label)}</text>']
    if not measured(each) or each.ratio is None:
        why = each.verdict + (f": {each.note}" if each.note else "")
        return [*drawn, f'<text class="none" x="{left + 4:.0f}" y="{y + 4:.1f}">{escape(why)}</text>']
    kind = each.verdict.replace(" ", "-")
    said = f"{label}: {each.ratio:.2f} times, {each.verdict}"
    if each.low is not None and each.high is not None:
        said += f" ({each.low:.2f} – {each.high:.2f})"
        drawn.append(f'<line class="{kind}" x1="{x(each.low):.1f}" x2="{x(each.high):.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
    return [*drawn, f'<g class="{kind}">{_mark(each.verdict, x(each.ratio), y)}<title>{escape(said)}</title></g>']


def _mark(verdict: str, x: float, y: float) -> str:
    """faster: a disc · slower: a square · equivalent: a diamond · anything else: an open ring."""
    if verdict == "slower":
        return f'<rect x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9"/>'
    if verdict == "equivalent":
        return f'<path d="M{x:.1f} {y - 6:.1f}l6 6l-6 6l-6 -6z"/>'
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'


def mark(verdict: str) -> str:
    """The mark of a verdict alone, for a legend."""
    drawn = f'<g class="{verdict.replace(" ", "-")}">{_mark(verdict, 7, 7)}</g>'
    return f'<svg viewBox="0 0 14 14" class="mark" aria-hidden="true">{drawn}</svg>'
