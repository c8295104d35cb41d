"""`init` on pages of the demo site: the schedule passes lint, and gives the items of the page."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from scrape_operator.cli import app, main
from tests.dev.site.members import KEY, PASSWORD, TOKEN, USERNAME
from tests.dev.site.serving import SiteThread
from tests.dev.site.site import DemoSite

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
FIRST = "SKU-00000"

PAGES: dict[str, tuple[int, dict[str, Any]]] = {
    "/": (6, {"title": "/shop", "link": "/shop"}),
    "/shop": (24, {"title": "name", "link": "url", "price": "price"}),
    "/shop/categories/lamps": (24, {"title": "name", "link": "url", "price": "price"}),
    "/exports/price-list.html": (20, {"number": "sku", "name": "name", "price": "price"}),
    "/exports/products.html": (20, {"sku": "sku", "name": "name", "offers_price": "price"}),
    "/exports/products.rss": (20, {"id": "sku", "title": "name", "link": "url"}),
    "/exports/products.csv": (20, {"sku": "sku", "name": "name", "price": "price"}),
    "/exports/products.ndjson": (20, {"sku": "sku", "stock": "stock"}),
    "/api/products": (50, {"sku": "sku", "name": "name", "price_amount": "float price", "stock": "stock"}),
    "/api/prices": (50, {"sku": "sku", "price": "float price"}),
    "/api/stock": (50, {"sku": "sku", "stock": "stock"}),
    "/api/categories": (8, {"name": "lamps"}),
}
"""Of each page: how many items it has, and where the values of the first one come from."""


@pytest.fixture(scope="module")
def site() -> Iterator[DemoSite]:
    with SiteThread(DemoSite(now=lambda: AT)) as served:
        yield served


def first_product(site: DemoSite) -> Mapping[str, Any]:
    [product] = [each for each in site.catalogue.products(AT) if each.sku == FIRST]
    return {
        "sku": product.sku,
        "name": product.name,
        "price": str(product.price),
        "float price": float(product.price),
        "stock": product.stock,
        "url": f"{site.url}/shop/products/{product.sku}",
        "/shop": f"{site.url}/shop",
    }


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_schedule_passes_lint_and_gives_the_items(
    page: str, site: DemoSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    count, expected = PAGES[page]
    file = tmp_path / "schedule.yaml"
    file.write_text(run("init", f"{site.url}{page}"))
    run("lint", str(file))
    [target] = json.loads(run("test", str(file), "-o", "json"))[0]["targets"]
    assert (target["reason"], len(target["items"])) == ("Succeeded", count)
    first, values = target["items"][0], first_product(site)
    if page == "/":
        assert first == {"title": "/shop", "link": f"{site.url}/shop"}
    else:
        assert {name: first[name] for name in expected} == {
            name: values.get(source, source) for name, source in expected.items()
        }
    assert target["warnings"] == []


def test_json_is_the_same_object_without_comments(site: DemoSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    commented = run("init", f"{site.url}/shop")
    assert json.loads(run("init", f"{site.url}/shop", "-o", "json")) == yaml.safe_load(commented)
    assert run("init", f"{site.url}/shop", "-o", "yaml") == commented


def test_a_name_is_taken_and_a_wrong_one_is_refused(site: DemoSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    text = run("init", f"{site.url}/shop", "--name", "lamps", "--header", "X-Key: k")
    assert yaml.safe_load(text)["metadata"] == {"name": "lamps"}
    assert "lamps-credentials" in text
    result = CliRunner().invoke(app, ["init", f"{site.url}/shop", "--name", "My Lamps"])
    assert str(result.exception).startswith("--name 'My Lamps' is no name of an object: ")


def propose_with(url: str, *headers: str) -> str:
    return run("init", url, *(part for header in headers for part in ("--header", header)))


PLACE = "{secretKeyRef: {name: NAME, key: "
CREDENTIALS: dict[str, tuple[str, str, dict[str, str]]] = {
    "key": (f"X-Key: {KEY}", f"{{name: X-Key, valueFrom: {PLACE}x-key}}}}}}", {"x-key": KEY}),
    "header": (f"x-member:{TOKEN}", f"{{name: x-member, valueFrom: {PLACE}x-member}}}}}}", {"x-member": TOKEN}),
    "bearer": (f"Authorization: Bearer {TOKEN}", f"{{bearer: {PLACE}token}}}}}}", {"token": TOKEN}),
    "basic": (
        f"authorization: Basic {b64encode(f'{USERNAME}:{PASSWORD}'.encode()).decode()}",
        "{basic: {secretRef: {name: NAME}}}",
        {"username": USERNAME, "password": PASSWORD},
    ),
}
"""Of each way in: the header to give, what the schedule has in its place, and what the Secret must hold."""


@pytest.mark.parametrize("way", CREDENTIALS)
def test_a_credential_is_sent_and_the_schedule_reads_it_from_a_secret(
    way: str, site: DemoSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    header, written, data = CREDENTIALS[way]
    text = propose_with(f"{site.url}/members/{way}", header, "Accept-Language: de")
    http = yaml.safe_load(text)["spec"]["targets"][0]["http"]
    [comment] = [line for line in text.splitlines() if "kind: Secret" in line]
    secret = yaml.safe_load(comment.removeprefix("#"))
    name = secret["metadata"]["name"]
    expected = yaml.safe_load(written.replace("NAME", name))
    headers = http.get("headers", [])
    assert expected == http["auth"] if "auth" in http else expected in headers
    assert {"name": "Accept-Language", "value": "de"} in headers
    secrets = {*data.values(), header.partition(":")[2].strip()} - {USERNAME}  # metadata has that
    assert not any(value in text for value in secrets)
    assert f"kubectl create secret generic {name} --from-literal=" in text
    assert secret["stringData"] == dict.fromkeys(data, "VALUE")
    (tmp_path / "schedule.yaml").write_text(text)
    (tmp_path / "secret.yaml").write_text(yaml.safe_dump(secret | {"stringData": data}))
    run("lint", str(tmp_path))
    assert "20 items" in run("test", str(tmp_path))


def test_a_redirect_to_another_site_does_not_take_the_credential_there(
    site: DemoSite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    with SiteThread() as other, pytest.raises(SystemExit):
        main(["init", f"{site.url}/redirect-to?url={other.url}/members/key", "--header", f"X-Key: {KEY}"])
    assert [request.headers.get("X-Key") for request in other.seen if request.path == "/members/key"] == [None]
    assert "401" in capsys.readouterr().err


def test_a_site_that_asks_for_a_credential_is_answered_by_a_remedy(
    site: DemoSite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    with pytest.raises(SystemExit) as ended:
        main(["init", f"{site.url}/members/key"])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (3, "")
    [line] = said.err.splitlines()
    assert "401" in line
    assert line.endswith("--header 'Authorization: Bearer TOKEN', or --header 'X-Api-Key: KEY'")
    assert "no credentials were sent" not in line
    with pytest.raises(SystemExit):
        main(["init", f"{site.url}/members/key", "--header", "X-Key: hunter2"])
    [line] = capsys.readouterr().err.splitlines()
    assert line.endswith("; check names and values of --header")
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (["hunter2"], "--header number 1 is no header: write it as 'Name: value'"),
        (["A: b", ":hunter2"], "--header number 2 is no header: write it as 'Name: value'"),
        (["X-Key: hunter2", "x-key: hunter2"], "--header x-key is given twice: give each header once"),
    ],
)
def test_a_wrong_header_is_named_without_its_value(
    headers: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["init", "http://127.0.0.1:1/", *(part for header in headers for part in ("--header", header))])
    assert (ended.value.code, capsys.readouterr().err) == (2, f"scrape-operator: {message}\n")
