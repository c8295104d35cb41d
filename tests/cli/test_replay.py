"""`replay` reads kept responses by a mended spec, as a run would, and stores what it found if that is asked for."""

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scrape_operator.cli import main
from scrape_operator.storage import tables
from scrape_operator.storage.store import open_store
from tests.cli.replay_site import (
    HTML,
    LIST_OF_TWO,
    Pages,
    Site,
    counted_pages,
    cursor_pages,
    followed_pages,
    linked_pages,
    page,
    pages_by_header,
    row,
)
from tests.storage.values import rows_of, settings_for
from tests.support.databases import make_sqlite

pytestmark = pytest.mark.usefixtures("prompt_writes")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("SCRAPE_OPERATOR_ALLOW_CIDRS", "127.0.0.0/8")
    monkeypatch.setenv("COLUMNS", "200")
    served = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield served
    server.shutdown()
    server.server_close()


class Shop:
    """A schedule in a file, its database, and the commands that are given about it."""

    def __init__(self, folder: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder, self._site, self._monkeypatch = folder, site, monkeypatch
        self.use("first")

    def use(self, database: str) -> None:
        self.url = make_sqlite(self._folder / f"{database}.db")
        self._monkeypatch.setenv("DATABASE_URL", self.url)

    def write(self, target: Mapping[str, Any], **spec: Any) -> Path:
        http = {"url": f"{self._site.url}/list", **target.get("http", {})}
        main_target = {"name": "shop", "retry": {"attempts": 1}, **target, "http": http}
        obj = {
            "apiVersion": "scrape-operator.dev/v1alpha1",
            "kind": "ScrapeSchedule",
            "metadata": {"name": "shop", "namespace": "team"},
            "spec": {"interval": "1h", "keepBodies": "Always", "targets": [main_target], **spec},
        }
        file = self._folder / "shop.yaml"
        file.write_text(json.dumps(obj))
        return file

    def run(self, target: Mapping[str, Any], **spec: Any) -> None:
        command("local", str(self.write(target, **spec)), "--once")

    def replay(self, target: Mapping[str, Any], *options: str) -> int:
        return command("replay", "shop", "--file", str(self.write(target)), *options)

    def rows(self, table: str) -> list[dict[str, Any]]:
        async def read() -> list[dict[str, Any]]:
            async with open_store(settings_for(self.url)) as store:
                return await rows_of(store, getattr(tables, table))

        return asyncio.run(read())

    @property
    def items(self) -> dict[str, Any]:
        return {row["key"]: row["data"] for row in self.rows("items") if row["gone_at"] is None}


def command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    code = ended.value.code
    assert isinstance(code, int)
    return code


@pytest.fixture
def shop(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(tmp_path, site, monkeypatch)


def html(price: str, **others: Any) -> dict[str, Any]:
    fields = [{"name": "name", "css": "a::text"}, {"name": "price", "css": price, "type": "Decimal"}]
    return {"extract": {"items": {"css": "li"}, "fields": fields, "key": ["name"]}, **others}


BROKEN, MENDED = "b.price::text", "b.cost::text"


def cursor_target(price: str) -> dict[str, Any]:
    fields = [{"name": "name", "jmespath": "name"}, {"name": "price", "jmespath": price}]
    return {
        "extract": {"items": {"jmespath": "data"}, "fields": fields, "key": ["name"]},
        "paginate": {"cursor": {"param": "cursor", "from": {"jmespath": "next"}}},
    }


NEXT = {"paginate": {"nextLink": {"css": "a.next::attr(href)"}}}


def followed(born: str) -> dict[str, Any]:
    follow = {"link": {"css": "a::attr(href)"}, "fields": [{"name": "born", "css": born, "type": "Integer"}]}
    return html(MENDED, **NEXT, follow=follow)


CASES: dict[str, tuple[Pages, dict[str, Any], dict[str, Any]]] = {
    "one page": (LIST_OF_TWO, html(BROKEN), html(MENDED)),
    "linked pages": (linked_pages(), html(BROKEN, **NEXT), html(MENDED, **NEXT)),
    "pages by the Link header": (
        pages_by_header(),
        html(BROKEN, paginate={"nextLink": {"linkHeader": "next"}}),
        html(MENDED, paginate={"nextLink": {"linkHeader": "next"}}),
    ),
    "numbered pages": (
        counted_pages(),
        html(BROKEN, paginate={"pageParam": {"name": "page"}}),
        html(MENDED, paginate={"pageParam": {"name": "page"}}),
    ),
    "a cursor": (cursor_pages(), cursor_target("price"), cursor_target("cost")),
    "detail documents": (followed_pages(), followed("p.year::text"), followed("p.born::text")),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_mended_spec_gives_what_a_live_run_gives(
    case: tuple[Pages, dict[str, Any], dict[str, Any]], shop: Shop, site: Site
) -> None:
    site.pages, broken, mended = case
    shop.run(broken)
    before, requests = shop.items, site.requests
    assert shop.replay(mended, "--write") == 0
    assert site.requests == requests
    replayed = shop.items
    shop.use("second")
    shop.run(mended)
    assert replayed == shop.items
    assert replayed != before


def test_pages_that_were_read_again_are_replayed_as_they_were_each_time(shop: Shop, site: Site) -> None:
    rows = [row(name, "1.50") for name in "abcde"]

    def pages(*rows: str) -> Pages:
        bodies = [page(*rows[at : at + 2]) for at in range(0, 8, 2)]
        return {f"/list?page={number}": (HTML, body) for number, body in enumerate(bodies, 1)}

    site.pages, site.later = pages(*rows[1:]), {1: pages(*rows)}
    counted = {"paginate": {"pageParam": {"name": "page"}}}
    shop.run(html(MENDED, **counted))
    before, requests = shop.items, site.requests
    assert sorted(before) == [f'["{name}"]' for name in "abcde"]
    assert shop.replay(html(MENDED, **counted), "--write") == 0
    assert (shop.items, site.requests) == (before, requests)


def test_without_write_the_differences_are_shown_and_nothing_is_stored(
    shop: Shop, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages = LIST_OF_TWO
    shop.run(html(BROKEN))
    before = shop.rows("items"), len(shop.rows("scrape_runs"))
    capsys.readouterr()
    assert shop.replay(html(MENDED)) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "  target shop: SUCCEEDED Succeeded; 2 items: 0 new, 2 changed, 0 gone, 0 back, 0 the same"
    assert lines[2:6] == ['CHANGED shop ["a"]', "  price: None -> 1.50", 'CHANGED shop ["b"]', "  price: None -> 2.25"]
    assert lines[-1] == "nothing is written: add --write to store this as a run"
    assert (shop.rows("items"), len(shop.rows("scrape_runs"))) == before


def test_the_same_spec_changes_nothing_not_even_times(
    shop: Shop, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages = followed_pages()
    target = followed("p.born::text")
    target["extract"]["fields"] += [{"name": "at", "value": "FetchedAt"}, {"name": "due", "value": "ScheduledFor"}]
    shop.run(target)
    capsys.readouterr()
    assert shop.replay(target, "-o", "json") == 0
    record = json.loads(capsys.readouterr().out)
    assert record["changes"] == []
    assert record["targets"][0]["same"] == 4


def test_a_written_replay_is_a_run_that_counts_for_nothing_else(shop: Shop, site: Site) -> None:
    site.pages = LIST_OF_TWO
    shop.run(html(BROKEN))
    [schedule] = shop.rows("schedules")
    assert shop.replay(html(MENDED), "--write") == 0
    source, replayed = sorted(shop.rows("scrape_runs"), key=lambda run: run["id"])
    assert (replayed["trigger"], replayed["status"], replayed["items_changed"]) == ("replay", "SUCCEEDED", 2)
    assert replayed["slot"] == f"replay:{source['id']}:{replayed['id']}"
    assert replayed["scheduled_for"] == source["scheduled_for"]
    [after] = shop.rows("schedules")
    changed = {name for name in schedule if schedule[name] != after[name]}
    assert changed == {"last_change_time"}
    changes = [change["change"] for change in shop.rows("item_changes") if change["run_id"] == replayed["id"]]
    assert changes == ["CHANGED", "CHANGED"]
    assert shop.replay(html(MENDED), "--write") == 0
    assert [run["items_changed"] for run in shop.rows("scrape_runs") if run["trigger"] == "replay"] == [2, 0]


def test_a_snapshot_loses_what_the_mended_selector_does_not_see(shop: Shop, site: Site) -> None:
    site.pages = {"/list": (HTML, page(row("a", "1"), "<li><a>advert</a></li>"))}
    target = html(MENDED)
    target["extract"]["mode"] = "Snapshot"
    shop.run(target)
    target["extract"]["items"] = {"css": "li:has(b)"}
    assert shop.replay(target, "--write") == 0
    assert shop.items.keys() == {'["a"]'}


def test_older_values_come_back_only_on_request_and_mark_nothing_gone(
    shop: Shop, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    target = html(MENDED)
    target["extract"]["mode"] = "Snapshot"
    site.pages = LIST_OF_TWO
    shop.run(target)
    [first] = shop.rows("scrape_runs")
    site.pages = {"/list": (HTML, page(row("a", "9"), row("c", "3")))}
    shop.run(target, keepBodies="Never")
    assert shop.items.keys() == {'["a"]', '["c"]'}
    capsys.readouterr()
    assert shop.replay(target, "--write") == 1
    assert f"add --run {first['id']} to write them all the same" in capsys.readouterr().err
    assert shop.items['["a"]']["price"] == "9"
    assert shop.replay(target, "--write", "--run", str(first["id"])) == 0
    assert {key: data["price"] for key, data in shop.items.items()} == {'["a"]': "1.50", '["b"]': "2.25", '["c"]': "3"}


def test_pages_that_were_not_kept_are_a_loss(shop: Shop, site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.pages = linked_pages()
    broken, mended = html(MENDED, **NEXT), html(MENDED, **NEXT)
    broken["extract"]["items"] = {"css": "li.item"}
    mended["extract"]["mode"] = "Snapshot"
    shop.run(broken)
    capsys.readouterr()
    assert shop.replay(mended, "-o", "json", "--write") == 1
    record = json.loads(capsys.readouterr().out)
    assert (record["status"], record["reason"]) == ("PARTIALLY_SUCCEEDED", "StoreUnavailable")
    assert "no response of page 2 is kept" in record["message"]
    assert [change["change"] for change in record["changes"]] == ["NEW", "NEW"]


def test_the_next_conditional_run_reads_its_documents_anew(shop: Shop, site: Site) -> None:
    site.pages = LIST_OF_TWO
    target = html(MENDED, http={"conditional": True})
    shop.run(target)
    first = min(run["id"] for run in shop.rows("scrape_runs"))
    shop.run(target)
    assert [run["reason"] for run in shop.rows("scrape_runs")] == ["Succeeded", "NotModified"]
    shop.replay(target, "--write", "--run", str(first))
    shop.run(target)
    assert sorted(run["reason"] for run in shop.rows("scrape_runs")) == ["NotModified", *["Succeeded"] * 3]


@contextmanager
def in_use(url: str) -> Iterator[None]:
    """Hold a database open as a running operator does."""
    with asyncio.Runner() as runner:
        opened = open_store(settings_for(url))
        runner.run(opened.__aenter__())
        yield
        runner.run(opened.__aexit__(None, None, None))


def test_a_file_that_is_in_use_is_read_and_not_written(
    shop: Shop, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages = LIST_OF_TWO
    shop.run(html(BROKEN))
    with in_use(shop.url):
        assert shop.replay(html(MENDED)) == 0
        assert shop.replay(html(MENDED), "--write") == 2
    assert "SQLite allows one replica: stop the other process" in capsys.readouterr().err


def without_bodies(shop: Shop) -> Sequence[str]:
    shop.run(html(MENDED), keepBodies="Never")
    return ("shop", "-f", str(shop.write(html(MENDED))))


def other_target(shop: Shop) -> Sequence[str]:
    shop.run(html(MENDED))
    return ("shop", "-f", str(shop.write(html(MENDED, name="other"))))


def refused_spec(shop: Shop) -> Sequence[str]:
    shop.run(html(MENDED))
    return ("shop", "-f", str(shop.write(html("b["))))


def other_name(shop: Shop) -> Sequence[str]:
    return ("shoe", "-f", str(shop.write(html(MENDED))))


def failed_replay(shop: Shop) -> Sequence[str]:
    shop.run(html(MENDED))
    target = html(MENDED)
    target["extract"]["items"] = {"css": "li.none"}
    return ("shop", "-f", str(shop.write(target)), "--write")


@pytest.mark.parametrize(
    ("prepare", "code", "message"),
    [
        (without_bodies, 1, "no response of team/shop is kept in this database: set spec.keepBodies"),
        (other_target, 2, "keeps responses of shop, and the spec has no such target"),
        (refused_spec, 2, "spec.targets[0].extract.fields[1].css"),
        (other_name, 1, "no ScrapeSchedule shoe found"),
        (failed_replay, 1, "nothing is written, since the replay failed"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    prepare: Any, code: int, message: str, shop: Shop, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pages = LIST_OF_TWO
    arguments = prepare(shop)
    capsys.readouterr()
    assert command("replay", *arguments) == code
    [line] = capsys.readouterr().err.splitlines()
    assert message in line
