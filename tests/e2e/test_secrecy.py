"""On a real API server: canaries in Secrets are found in no status, Event, log line, metric, table or output."""

import json
from collections.abc import Callable

import pytest
from aiohttp import web

from tests.e2e.process import Operator, until
from tests.secrecy.places import PLACES, canary, filled, fills_of, forms
from tests.secrecy.server import ANSWERS, EchoServer
from tests.secrecy.world import database_traces, found, schedule
from tests.support.threads import ThreadedContext
from tests.support.web import served_by

pytestmark = pytest.mark.cluster

KINDS = list(ANSWERS.values())


async def answer_in_turn(request: web.Request, echo: str) -> web.StreamResponse:
    """Answer each schedule in another way: its path is the letter s and its number."""
    number = request.path.removeprefix("/s").partition("/")[0]
    return await KINDS[int(number) % len(KINDS) if number.isdigit() else 0](request, echo)


def test_no_canary_leaves_the_operator(start_operator: Callable[..., Operator]) -> None:
    operator = start_operator(SCRAPE_OPERATOR_LOG_LEVEL="DEBUG")
    server = EchoServer(answer_in_turn)
    with ThreadedContext(served_by(server.handle, "0.0.0.0")) as server.url:
        for number, place in enumerate(PLACES.values()):
            fills = fills_of(number, server.url, server.url)
            http = {**filled(place.http, fills), "url": f"{fills['server']}/s{number}?a=b"}
            obj = schedule(f"s{number}", http)
            obj["metadata"] = {"name": obj["metadata"]["name"], "annotations": obj["metadata"]["annotations"]}
            secrets = [
                {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": content}
                for name, content in filled(place.secrets, fills).items()
            ]
            operator.apply(*secrets, obj)
        ended = "SELECT 1 FROM scrape_runs WHERE status <> 'RUNNING'"
        until("a run of each", lambda: len(operator.rows(ended)) == len(PLACES), within=60)
        until("each status", lambda: all("history" in status for status in statuses(operator)), within=30)
    names = ("runs", "items", "changes")
    traces = {
        "statuses": json.dumps(statuses(operator), ensure_ascii=False).encode(),
        "Events": operator.kubectl("get", "events", "-o", "yaml").encode(),
        "log": operator.log().encode(),
        "metrics": operator.probe("/metrics")[1].encode(),
        **{verb: operator.command(verb, "-n", operator.namespace, "-o", "json").encode() for verb in names},
        **database_traces(operator.database),
    }
    secrets_by_place = {place: list(forms(canary(number))) for number, place in enumerate(PLACES)}
    assert found(secrets_by_place, traces) == []
    sent = found(secrets_by_place, {"server": "\n".join(server.received).encode()})
    assert len({line.partition(":")[0] for line in sent}) > len(PLACES) // 2


def statuses(operator: Operator) -> list[dict[str, object]]:
    """Return the status of each schedule."""
    listed = json.loads(operator.kubectl("get", "scs", "-o", "json"))["items"]
    return [item.get("status", {}) for item in listed]
