"""`deliveries list` and `deliveries redeliver`, beside an operator that holds the SQLite file open."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from scrape_operator.cli import main
from scrape_operator.core.net.access import SecretKey
from scrape_operator.core.notifications.delivery import Attempt, AttemptEnd, Failure, Place
from scrape_operator.core.notifications.webhooks import NotifyEvent, Webhook
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.core.runs.run import StoredSpec
from scrape_operator.storage.store import SQLRunStore, open_store
from tests.storage.values import claim_of, failed_of, items_of, minute, result_of, settings_for, target_of
from tests.support.databases import make_sqlite

pytestmark = pytest.mark.usefixtures("prompt_writes")

KEY = SecretKey("hook", "url")
SPEC = StoredSpec(webhooks=(Webhook("ops", tuple(NotifyEvent), KEY, KEY),))
PLACE = Place("uid-1", "ops")


async def fill(store: SQLRunStore) -> None:
    """Let a message be delivered, one be a dead letter, and one wait."""
    for number, failure in enumerate((None, Failure(Reason.TIMEOUT, "the receiver did not answer"))):
        claim = claim_of(number, spec=SPEC)
        await store.claim(claim)
        await store.finish(failed_of(claim) if number == 0 else result_of(claim, target_of(items_of(a="1"))))
        head = await store.messages.read_head(PLACE)
        assert head is not None
        await store.messages.begin(Attempt(head.message, minute(number), minute(9)))
        await store.messages.end(AttemptEnd(head.message, minute(number), 1, failure))


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[asyncio.Runner, SQLRunStore]]:
    url = make_sqlite(tmp_path / "runs.db")
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("COLUMNS", "200")
    with asyncio.Runner() as running:
        opened = open_store(settings_for(url))
        store = running.run(opened.__aenter__())
        running.run(fill(store))
        yield running, store
        running.run(opened.__aexit__(None, None, None))


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["deliveries", *arguments])
    assert ended.value.code == 0
    return capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """Return the output and the error of a command that ends with exit code 1."""
    with pytest.raises(SystemExit) as ended:
        main(["deliveries", *arguments])
    assert ended.value.code == 1
    output = capsys.readouterr()
    return output.out, output.err


@pytest.mark.usefixtures("runner")
def test_messages_are_lines_for_people_the_newest_first(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "list", "quotes").splitlines()
    assert [line.split()[3:5] for line in lines if not line.startswith(" ")] == [
        ["ItemsChanged", "PENDING"],
        ["RunRecovered", "FAILED"],
        ["RunFailed", "DELIVERED"],
    ]
    assert "  Timeout: the receiver did not answer" in lines


@pytest.mark.usefixtures("runner")
def test_programs_get_the_payloads(capsys: pytest.CaptureFixture[str]) -> None:
    (row,) = json.loads(printed(capsys, "list", "quotes", "--failed", "-o", "json"))
    assert (row["event"], row["payload"]["type"]) == ("RunRecovered", "RunRecovered")
    assert refused(capsys, "list", "quotes", "--webhook", "another", "-o", "json")[0] == "[]\n"


ABSENT = (
    (("list", "quotes", "--webhook", "osp"), "ScrapeSchedule default/quotes has no message to a webhook osp: {ops}"),
    (("list", "--webhook", "osp"), "namespace default has no message to a webhook osp: {ops}"),
    (("redeliver", "quotes", "--webhook", "x"), "ScrapeSchedule default/quotes has no message to a webhook x: {known}"),
    (("list", "qoutes", "--webhook", "osp"), "no ScrapeSchedule default/qoutes in the database: did you mean quotes?"),
    (("redeliver", "--id", "x"), "no message that fits the options has the webhook-id x: {list}"),
)
HINTS = {
    "ops": "did you mean ops?",
    "known": "known are ops",
    "list": "`scrape-operator deliveries list --failed` lists dead letters",
}


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize(("arguments", "expected"), ABSENT)
def test_an_unknown_name_is_an_error_that_suggests_others(
    arguments: tuple[str, ...], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(capsys, *arguments) == ("", f"scrape-operator: {expected.format(**HINTS)}\n")


@pytest.mark.usefixtures("runner")
def test_an_id_that_is_no_dead_letter_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, "list", "quotes", "-o", "json"))
    ids = {row["status"]: row["message_id"] for row in rows}
    said = f"the message {ids['DELIVERED']} is no dead letter: its status is DELIVERED"
    assert refused(capsys, "redeliver", "--id", ids["DELIVERED"])[1] == f"scrape-operator: {said}\n"
    meant = f"has the webhook-id {ids['FAILED'][:-1]}: did you mean"
    assert meant in refused(capsys, "redeliver", "--id", ids["FAILED"][:-1])[1]


def test_a_redelivered_message_waits_again_and_the_running_operator_finds_it(
    runner: tuple[asyncio.Runner, SQLRunStore], capsys: pytest.CaptureFixture[str]
) -> None:
    assert printed(capsys, "redeliver", "quotes") == "1 messages wait for their delivery\n"
    running, store = runner
    head = running.run(store.messages.read_head(PLACE))
    assert head is not None
    assert head.message.event is NotifyEvent.RUN_RECOVERED
    assert "FAILED" not in printed(capsys, "list", "quotes")
