"""A plot of how late runs began, for pages that people look at, as SVG: which share of them within which time.

Called by the bench `herd` where PLOT says where to write it. The file stands alone, and follows a dark theme.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 720, 320
LEFT, RIGHT, TOP, BOTTOM = 56, 672, 56, 264
"""The edges of the plane that the curve is drawn on; beside it is room for what is written."""
FIGURE = 104
"""Pixels that the figure of a percentile may need."""
STEP = 2
"""Pixels from one point of the curve to the next."""

_CAPTION = "share of runs that had started, by milliseconds after they were due (logarithmic)"
_STYLE = """\
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.page { fill: #ffffff; stroke: #d0d7de; }
.grid { stroke: #d0d7de; }
.area, .point { fill: #0969da; }
.area { fill-opacity: 0.12; }
.curve, .mark { fill: none; stroke: #0969da; }
.curve { stroke-width: 2; }
.mark { stroke-dasharray: 3 3; }
.strong { font-weight: 600; }
.middle { text-anchor: middle; }
.end { text-anchor: end; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .page { fill: #0d1117; stroke: #30363d; }
  .grid { stroke: #30363d; }
  .area, .point { fill: #58a6ff; }
  .curve, .mark { stroke: #58a6ff; }
}"""


class Plane:
    """Where a time and a share lie: milliseconds on a logarithmic axis, shares from bottom to top."""

    def __init__(self, ordered: Sequence[float]) -> None:
        # From the decade in which the first hundredth has begun, at least 0.1 ms, to where a figure has room beside
        # the last run.
        self.low = 10.0 ** math.floor(math.log10(max(0.1, ordered[len(ordered) // 100])))
        self._decades = math.log10(2 * max(ordered[-1], 5 * self.low) / self.low)

    def x(self, milliseconds: float) -> float:
        """Return the pixel of a time; what is less than the axis shows is at its begin."""
        return LEFT + math.log10(max(self.low, milliseconds) / self.low) / self._decades * (RIGHT - LEFT)

    def y(self, share: float) -> float:
        """Return the pixel of a share, 0 to 1."""
        return BOTTOM - share * (BOTTOM - TOP)

    def milliseconds(self, x: float) -> float:
        """Return the time at a pixel."""
        return float(self.low * 10.0 ** ((x - LEFT) / (RIGHT - LEFT) * self._decades))

    def decades(self) -> Iterator[float]:
        """Return the powers of ten that the axis shows."""
        for power in range(math.floor(self._decades) + 1):
            yield self.low * 10.0**power


def draw(title: str, milliseconds: Sequence[float], percentiles: Mapping[int, float]) -> str:
    """Draw which share of runs had started how long after they were due, and mark percentiles (by percent, in ms)."""
    ordered = sorted(milliseconds)
    plane = Plane(ordered)
    parts = [*_frame(title), *_axes(plane), *_curve(plane, ordered)]
    for percent, value in percentiles.items():
        parts += _mark(plane, percent, value)
    size = f'width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" role="img" {size}>\n<style>\n{_STYLE}\n</style>\n{body}\n</svg>\n'


def _frame(title: str) -> Iterator[str]:
    yield f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{HEIGHT - 1}" rx="6"/>'
    yield f'<text class="strong" x="{LEFT}" y="30">{escape(title)}</text>'
    yield f'<text class="middle" x="{(LEFT + RIGHT) / 2:g}" y="{BOTTOM + 42}">{_CAPTION}</text>'


def _axes(plane: Plane) -> Iterator[str]:
    for percent in (0, 25, 50, 75, 100):
        y = plane.y(percent / 100)
        yield f'<path class="grid" d="M{LEFT} {y:.1f}H{RIGHT}"/>'
        yield f'<text class="end" x="{LEFT - 8}" y="{y + 4:.1f}">{percent} %</text>'
    for decade in plane.decades():
        x = plane.x(decade)
        yield f'<path class="grid" d="M{x:.1f} {TOP}V{BOTTOM + 5}"/>'
        yield f'<text class="middle" x="{x:.1f}" y="{BOTTOM + 20}">{decade:,g}</text>'


def _curve(plane: Plane, ordered: Sequence[float]) -> Iterator[str]:
    points = " ".join(
        f"{x},{plane.y(bisect_right(ordered, plane.milliseconds(x)) / len(ordered)):.1f}"
        for x in range(LEFT, RIGHT + 1, STEP)
    )
    yield f'<polygon class="area" points="{LEFT},{BOTTOM} {points} {RIGHT},{BOTTOM}"/>'
    yield f'<polyline class="curve" points="{points}"/>'


def _mark(plane: Plane, percent: int, milliseconds: float) -> Iterator[str]:
    x, y = plane.x(milliseconds), plane.y(percent / 100)
    figure = f"{milliseconds:.1f}" if milliseconds < 10 else f"{milliseconds:,.0f}"
    yield f'<path class="mark" d="M{x:.1f} {y:.1f}V{BOTTOM}"/>'
    yield f'<circle class="point" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    # The curve rises to the right, so below it and beside the line nothing is in the way.
    yield f'<text class="strong" x="{min(x + 8, WIDTH - FIGURE):.1f}" y="{y + 20:.1f}">p{percent} {figure} ms</text>'
