"""The CRDs of this tree on the shared control plane, and a way to ask it about objects."""

import json
import ssl
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.dev.controlplane.connection import Cluster

TRIAL = "/apis/scrape-operator.dev/v1alpha1/namespaces/default/scrapeschedules?dryRun=All&fieldValidation=Strict"

Create = Callable[[dict[str, Any]], dict[str, Any]]


@pytest.fixture(scope="session")
def try_to_create(control_plane: Cluster, crds: None) -> Create:
    """Ask for an object's creation without keeping it; gives the object, or the Status that says why not."""
    if not control_plane.token:
        pytest.skip("the context of the existing cluster has no bearer token")
    context = ssl.create_default_context(cafile=str(control_plane.ca_file))
    headers = {"Authorization": f"Bearer {control_plane.token}", "Content-Type": "application/json"}

    def create(obj: dict[str, Any]) -> dict[str, Any]:
        request = Request(control_plane.url + TRIAL, json.dumps(obj).encode(), headers, method="POST")
        try:
            with urlopen(request, context=context) as answer:
                created: dict[str, Any] = json.load(answer)
        except HTTPError as error:
            with error:
                created = json.load(error)
        return created

    return create
