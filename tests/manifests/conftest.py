"""The chart, rendered offline, and the samples, for the tests of the manifests."""

from collections.abc import Callable, Iterator
from typing import Any

import helm_python
import pytest
import yaml

from tests.support.paths import ROOT

MANIFESTS = ROOT / "manifests"
CHART = MANIFESTS / "chart" / "scrape-operator"

Object = dict[str, Any]
Render = Callable[..., list[Object]]


@pytest.fixture(scope="session")
def chart() -> Iterator[helm_python.Chart]:
    with helm_python.Chart.load(CHART) as loaded:
        yield loaded


@pytest.fixture(scope="session")
def render(chart: helm_python.Chart) -> Render:
    """Render the chart as release `rel` in namespace `sys`, with the given values over its own."""

    def objects(**values: Any) -> list[Object]:
        chart.validate_schema(values)
        texts = chart.render(values=values, name="rel", namespace="sys")
        # the parser in C takes a tenth of the time: the CRDs are long
        documents = (yaml.load_all(text, yaml.CSafeLoader) for path, text in texts.items() if path.endswith(".yaml"))
        return [document for several in documents for document in several if document]

    return objects


@pytest.fixture(scope="session")
def pick() -> Callable[[list[Object], str], Object]:
    """Return the only object of a kind."""

    def only(objects: list[Object], kind: str) -> Object:
        (found,) = [document for document in objects if document["kind"] == kind]
        return found

    return only
