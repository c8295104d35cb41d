"""The picture of a terminal shows what commands gave, and nothing is needed to look at it."""

import re
from pathlib import Path

import pytest

from tests.dev.bookmakers.world import BOOKS, World
from tests.dev.demo.picture import draw
from tests.dev.demo.samples import MATCH
from tests.dev.demo.svg import SVG, loaded_from_outside, read, texts
from tests.support.paths import ROOT

IMAGES = sorted((ROOT / "docs" / "images").glob("*"))
KUBECTL = "NAME     READY\nquotes   True\n\nlast     False\n"


def test_each_line_stands_as_it_was_given() -> None:
    shown = texts(read(draw([("kubectl get scs", KUBECTL), ("scrape-operator odds", " home \n ──── \n 2.08 \n")])))
    assert shown == [
        "make demo",
        "$ kubectl get scs",
        "NAME     READY",
        "quotes   True",
        "last     False",
        "$ scrape-operator odds",
        " home",
        " ────",
        " 2.08",
    ]


def test_output_that_looks_like_markup_stays_text() -> None:
    line = '[bold]<script>alert("&amp;")</script>[/bold]'
    assert line in texts(read(draw([("kubectl get scs", line)])))


def test_lines_keep_their_distance_and_no_line_is_wider_than_the_picture() -> None:
    root = read(draw([("kubectl get scs", KUBECTL), ("true", "x" * 150)]))
    lines = root.findall(f"{SVG}g[@class='terminal-matrix']/{SVG}text")
    rows = [round(float(line.get("y")) / 24.4) for line in lines]
    assert rows == [1, 2, 3, 5, 7, 8]
    assert max(float(line.get("x")) + float(line.get("textLength")) for line in lines) < float(root.get("width"))


def test_it_loads_nothing_from_outside() -> None:
    assert loaded_from_outside(draw([("kubectl get scs", KUBECTL)])) == []


def test_all_three_bookmakers_have_the_match_that_the_demo_shows() -> None:
    number = int(MATCH) - 81_000_000
    assert {book for book in BOOKS if World().truth(book, {"1x2": None}).get(number)} == set(BOOKS)


@pytest.mark.parametrize("image", [pytest.param(image, id=image.name) for image in IMAGES])
def test_an_image_of_the_pages_stands_alone_and_names_no_machine(image: Path) -> None:
    svg = image.read_text(encoding="utf-8")
    read(svg)
    assert loaded_from_outside(svg) == []
    assert re.findall(r"/(?:tmp|home|root|work|Users)/|127\.0\.0\.1", svg) == []


@pytest.mark.parametrize("image", [pytest.param(image, id=image.name) for image in IMAGES])
def test_an_image_of_the_pages_is_shown_with_words_for_those_who_cannot_see_it(image: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"!\[[^\]]{{20,}}\]\(docs/images/{re.escape(image.name)}\)", readme)
