"""A site whose goods change, a schedule that watches them, and checks of what a receiver got from it."""

import json
import random
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.receiver import KEY, Received

ALL_EVENTS = ["RunFailed", "RunRecovered", "DataUnhealthy", "DataRecovered", "ItemsChanged"]
HOOK = {
    "name": "ops",
    "urlSecretRef": {"name": "hook", "key": "url"},
    "events": ALL_EVENTS,
    "signingSecretRef": {"name": "hook", "key": "secret"},
}
EXTRACT = {
    "items": {"jmespath": "[*]"},
    "fields": [{"name": "sku", "jmespath": "sku"}, {"name": "price", "jmespath": "price", "type": "Integer"}],
    "key": ["sku"],
    "mode": "Snapshot",
}


class Shop:
    """A site whose goods come, change and go with every `changes_every`th request; every fifth answer is an error."""

    def __init__(self) -> None:
        self._chance = random.Random(7)
        self.goods: dict[str, int] = {"a": 1, "b": 1}
        self.changes_every = 1
        self._asked = 0
        self._lock = threading.Lock()
        self.fails = True
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                shop.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Be silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/goods"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        is_robots = handler.path == "/robots.txt"
        with self._lock:
            has_failed = self.fails and not is_robots and self._chance.random() < 0.2
            body = b"" if is_robots or has_failed else self._document()
        handler.send_response(404 if is_robots else 500 if has_failed else 200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _document(self) -> bytes:
        self._asked += 1
        if self._asked % self.changes_every == 0:
            self._change()
        return json.dumps([{"sku": name, "price": price} for name, price in self.goods.items()]).encode()

    def _change(self) -> None:
        sku = self._chance.choice("abcdef")
        if sku in self.goods and len(self.goods) > 2 and self._chance.random() < 0.4:
            del self.goods[sku]
        else:
            self.goods[sku] = self._chance.randrange(1000)


def accepted(requests: list[Received], accepts: Mapping[int, bool]) -> list[Received]:
    """Return the requests that the receiver answered with 2xx, the first of each message."""
    first: dict[str, Received] = {}
    for number, request in enumerate(requests):
        if accepts.get(number, True):
            first.setdefault(request.id, request)
    return list(first.values())


def replayed(kept: list[Received]) -> dict[str, Any]:
    """Do all changes to nothing."""
    state: dict[str, Any] = {}
    for message in kept:
        if message.type != "ItemsChanged":
            continue
        assert message.payload["data"]["changesOmitted"] == 0
        for change in message.payload["data"]["changes"]:
            if change["change"] == "GONE":
                assert state.pop(change["key"]) == change["before"]
            elif change["change"] == "CHANGED":
                assert {name: state[change["key"]][name] for name in change["before"]} == change["before"]
                state[change["key"]] |= change["after"]
            else:
                assert change["key"] not in state
                state[change["key"]] = dict(change["after"])
    return state


def check_order(kept: list[Received]) -> None:
    """Failures and recoveries alternate, and the runs follow each other."""
    outcomes = [message.type for message in kept if message.type in {"RunFailed", "RunRecovered"}]
    assert outcomes == (["RunFailed", "RunRecovered"] * len(outcomes))[: len(outcomes)]
    ends = [message.payload["data"]["run"]["completedAt"] for message in kept]
    assert ends == sorted(ends)


def check_ids(requests: list[Received]) -> None:
    """A message that is sent again has the same bytes, and every one is signed."""
    assert all(request.is_signed_with(KEY) for request in requests)
    assert len({(request.id, request.body) for request in requests}) == len({request.id for request in requests})
