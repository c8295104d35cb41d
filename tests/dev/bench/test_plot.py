"""The plot of the herd says what the figures beside it say."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dev.bench.herd import percentile
from tests.dev.bench.plot import BOTTOM, LEFT, RIGHT, STEP, TOP, WIDTH, Plane, draw
from tests.dev.demo.svg import SVG, loaded_from_outside, read, texts

HERD = [0.3 + 0.001 * number for number in range(9_000)] + [12.0] * 900 + [80.0] * 100


def plotted(values: list[float]) -> str:
    return draw("Start skew", values, {percent: percentile(values, percent) for percent in (50, 99)})


def points(svg: str, name: str) -> list[tuple[float, float]]:
    (node,) = read(svg).findall(f"{SVG}{name}")
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in (node.get("points") or "").split())]


@pytest.mark.parametrize(("place", "percent"), [pytest.param(0, 50, id="p50"), pytest.param(1, 99, id="p99")])
def test_a_percentile_is_marked_at_its_time_and_share_and_on_the_curve(place: int, percent: int) -> None:
    svg, plane = plotted(HERD), Plane(sorted(HERD))
    mark = read(svg).findall(f"{SVG}circle")[place]
    x, y = float(mark.get("cx") or 0), float(mark.get("cy") or 0)
    assert x == pytest.approx(plane.x(percentile(HERD, percent)), abs=0.1)
    assert y == pytest.approx(BOTTOM - (BOTTOM - TOP) * percent / 100, abs=0.1)
    curve = points(svg, "polyline")
    before = max(point for point in curve if point[0] < x)
    after = min(point for point in curve if point[0] >= x)
    assert after[1] - 0.1 <= y <= before[1] + 0.1


def test_it_says_the_percentiles_as_the_bench_does() -> None:
    assert {"p50 5.3 ms", "p99 12 ms"} <= set(texts(read(plotted(HERD))))


def test_the_axis_is_logarithmic_and_its_decades_stand_where_they_are() -> None:
    axis = Plane(sorted(HERD))
    ticks = {
        float(node.text or ""): float(node.get("x") or 0)
        for node in read(plotted(HERD)).iter(f"{SVG}text")
        if re.fullmatch(r"[\d.]+", node.text or "")
    }
    assert list(ticks) == [0.1, 1.0, 10.0, 100.0]
    assert all(x == pytest.approx(axis.x(tick), abs=0.1) for tick, x in ticks.items())
    widths = [right - left for left, right in pairwise(ticks.values())]
    assert widths == pytest.approx([widths[0]] * 3, abs=0.2)


def test_a_title_stays_text_and_nothing_is_loaded_from_outside() -> None:
    svg = draw("<script> & co", HERD, {})
    assert "<script> & co" in texts(read(svg))
    assert loaded_from_outside(svg) == []


@given(values=st.lists(st.floats(-1, 1e5), min_size=1, max_size=50))
def test_the_curve_never_falls_and_ends_at_all_runs_inside_the_plane(values: list[float]) -> None:
    svg = plotted(values)
    curve = points(svg, "polyline")
    assert [x for x, _ in curve] == list(range(LEFT, RIGHT + 1, STEP))
    assert all(TOP <= after[1] <= before[1] <= BOTTOM for before, after in pairwise(curve))
    assert curve[-1][1] == TOP
    for figure in read(svg).findall(f"{SVG}text[@class='strong']")[1:]:
        # Seven pixels is what a glyph of that size takes.
        assert LEFT <= float(figure.get("x") or 0) <= WIDTH - 7 * len(figure.text or "")
