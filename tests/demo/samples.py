"""The samples as the demo applies them, and what must become of each. Called by `tests.demo.__main__`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parents[2] / "manifests" / "samples"
SITE_PORT = 18080
SITE_URL = f"http://127.0.0.1:{SITE_PORT}"
MANUAL = "suspended"
"""The sample that runs only when it is asked to."""


_GOOD: Mapping[str, str] = {
    "Ready": "True",
    "LastRunSucceeded": "True",
    "TargetsHealthy": "True",
    "DataHealthy": "True",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """How every run of a sample ends, and which conditions must have which status then."""

    status: str = "SUCCEEDED"
    reason: str = "Succeeded"
    conditions: Mapping[str, str] = field(default_factory=lambda: _GOOD)


EXPECTED: Mapping[str, Expected] = {
    "default-interval": Expected(),
    "expectations": Expected("PARTIALLY_SUCCEEDED", "ExpectationFailed", {"Ready": "True", "DataHealthy": "False"}),
    "history-and-timing": Expected(),
    "html-shop": Expected(),
    "json-api": Expected(),
    "requests": Expected(),
    "retries": Expected(),
    "several-targets": Expected("PARTIALLY_SUCCEEDED", "HTTPStatus", {"Ready": "True", "TargetsHealthy": "False"}),
    "suspended": Expected(conditions={"Ready": "True", "Scheduled": "False"}),
    "time-zone": Expected(),
    "timeouts": Expected("PARTIALLY_SUCCEEDED", "Timeout", {"Ready": "True", "TargetsHealthy": "False"}),
}


def load(site_url: str = SITE_URL) -> list[dict[str, Any]]:
    """Read the samples, with `site_url` in the place of the address that stands in them."""
    texts = (file.read_text(encoding="utf-8") for file in sorted(FOLDER.rglob("*.yaml")))
    return [document for text in texts for document in yaml.safe_load_all(text.replace(SITE_URL, site_url))]
