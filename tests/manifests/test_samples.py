"""The samples are schedules that this version runs."""

from pathlib import Path

import pytest
import yaml

from scrape_operator.api.support import unsupported
from scrape_operator.api.validation import parse
from tests.dev.controlplane.connection import Cluster
from tests.manifests.conftest import MANIFESTS

SAMPLES = sorted((MANIFESTS / "samples").rglob("*.yaml"))


@pytest.mark.parametrize("file", [pytest.param(file, id=file.stem) for file in SAMPLES])
def test_a_sample_is_accepted_and_supported(file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
        schedule, findings = parse(document)
        assert findings == ()
        assert schedule is not None
        assert unsupported(schedule.spec) == ()
        assert "namespace" not in document["metadata"]


def test_the_api_server_takes_the_samples_and_changes_nothing_that_they_say(
    control_plane: Cluster, crds: None, namespace: str
) -> None:
    control_plane.kubectl("apply", "-n", namespace, "-R", "-f", str(MANIFESTS / "samples"))
    kept = yaml.safe_load(control_plane.kubectl("-n", namespace, "get", "scrapeschedules", "-o", "yaml"))["items"]
    specs = {document["metadata"]["name"]: document["spec"] for document in kept}
    assert sorted(specs) == sorted(file.stem for file in SAMPLES)
    for file in SAMPLES:
        assert _is_part(yaml.safe_load(file.read_text(encoding="utf-8"))["spec"], specs[file.stem])


def _is_part(said: object, kept: object) -> bool:
    """Tell whether all that was said is kept; defaults may have come to it."""
    if isinstance(said, dict) and isinstance(kept, dict):
        return all(_is_part(value, kept.get(key)) for key, value in said.items())
    if isinstance(said, list) and isinstance(kept, list):
        return len(said) == len(kept) and all(map(_is_part, said, kept))
    return said == kept
