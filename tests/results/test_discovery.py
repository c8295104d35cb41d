"""Discovery and OpenAPI: what clients and controllers of a cluster ask for first."""

from collections.abc import AsyncIterator

import pytest

from scrape_operator.storage.store import SQLRunStore
from tests.results.api import BASE, RUNS, Api, open_api

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@pytest.fixture
async def api(store: SQLRunStore, url: str) -> AsyncIterator[Api]:
    async with open_api(url) as opened:
        yield opened


async def test_the_resource_list_names_verbs_and_short_names(api: Api) -> None:
    shown = await api.list(BASE)
    assert [(one["name"], one["shortNames"], one["verbs"]) for one in shown["resources"]] == [
        ("scraperuns", ["srun"], ["get", "list", "watch"]),
        ("scrapeitems", ["sitem"], ["get", "list"]),
    ]
    assert all(one["namespaced"] and one["categories"] == ["scraping"] for one in shown["resources"])


async def test_aggregated_discovery_is_served_to_who_asks(api: Api) -> None:
    headers = {"X-Remote-User": "a", "Accept": f"{AGGREGATED},application/json"}
    async with api.session.get(f"{api.url}/apis", headers=headers) as answer:
        assert answer.headers["Content-Type"] == AGGREGATED
        shown = await answer.json(content_type=None)
    (group,) = shown["items"]
    assert [one["resource"] for one in group["versions"][0]["resources"]] == ["scraperuns", "scrapeitems"]
    assert (await api.list("/apis"))["kind"] == "APIGroupList"


@pytest.mark.parametrize(("path", "place"), [("/openapi/v2", "definitions"), (f"/openapi/v3{BASE}", "components")])
async def test_openapi_describes_the_fields(api: Api, path: str, place: str) -> None:
    headers = {"X-Remote-User": "a"}
    async with api.session.get(api.url + path, headers=headers) as answer:
        shown, tag = await answer.json(), answer.headers["ETag"]
    schemas = shown[place] if place == "definitions" else shown[place]["schemas"]
    run = schemas["dev.scrape-operator.results.v1alpha1.ScrapeRun"]
    status = run["properties"]["status"]["properties"]
    assert status["phase"]["description"].startswith("Running, Succeeded")
    assert status["targets"]["items"]["properties"]["warnings"]["type"] == "array"
    assert run["x-kubernetes-group-version-kind"][0]["kind"] == "ScrapeRun"
    assert RUNS in shown["paths"]
    async with api.session.get(api.url + path, headers=headers | {"If-None-Match": tag}) as answer:
        assert answer.status == 304


async def test_the_index_of_openapi_leads_to_the_document(api: Api) -> None:
    (place,) = (await api.list("/openapi/v3"))["paths"].values()
    assert (await api.list(place["serverRelativeURL"]))["openapi"] == "3.0.0"
