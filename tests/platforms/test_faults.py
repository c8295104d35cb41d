"""What the adapters say when a bookmaker's server does not answer as it should."""

from dataclasses import replace

import pytest

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.reasons import Reason
from scrape_operator.platforms.concurrency import MAX_FAILURES_IN_A_ROW
from tests.dev.bookmakers.faults import Fault
from tests.dev.bookmakers.world import BOOKS

all_books = pytest.mark.parametrize("book", BOOKS)
REASONS = {
    Fault.WAF_PAGE: Reason.BLOCKED,
    Fault.WAF_EMPTY: Reason.BLOCKED,
    Fault.WAF_HEADER: Reason.BLOCKED,
    Fault.FORBIDDEN: Reason.BLOCKED,
    Fault.THROTTLED: Reason.RATE_LIMITED,
    Fault.RENAMED: Reason.PLATFORM_CHANGED,
    Fault.CUT: Reason.PLATFORM_CHANGED,
    Fault.EMPTY_EVENTS: Reason.PLATFORM_CHANGED,
    Fault.UNAVAILABLE: Reason.HTTP_STATUS,
    Fault.HANGS_UP: Reason.PROTOCOL_ERROR,
}
each_fault = pytest.mark.parametrize("fault", REASONS, ids=lambda fault: fault.name.lower())


@all_books
@each_fault
async def test_a_fault_from_the_start_ends_the_scrape_with_its_reason_and_few_requests(scene, book, fault) -> None:
    site = scene.sites[book]
    site.fault = fault
    reading = await scene.read(book, markets=["1x2"])
    assert reading.failure is not None
    assert reading.failure.reason is REASONS[fault]
    assert reading.items == []
    few = 12 if fault is Fault.EMPTY_EVENTS else 2  # all leagues, before it is clear that no event has a name
    assert site.requests.total() <= few


@all_books
@each_fault
async def test_a_fault_in_the_middle_keeps_what_was_read_and_storms_nobody(scene, book, fault) -> None:
    site = scene.sites[book]
    site.fault, site.healthy_requests = fault, 25
    reading = await scene.read(book, markets=["*"])
    assert reading.failure is not None
    assert reading.failure.reason is REASONS[fault]
    assert 0 < len(reading.items) < len(scene.world.offered(book))
    # A GET on a connection that was in use before is sent once more where that connection is found closed.
    sent_at_most = 2 if fault is Fault.HANGS_UP else 1
    assert site.requests.total() <= 25 + sent_at_most * (15 + MAX_FAILURES_IN_A_ROW)
    assert reading.prices().items() <= scene.truth(book).items()


@all_books
async def test_the_others_are_unharmed_by_one_that_is_blocked(scene, book) -> None:
    scene.sites[book].fault = Fault.WAF_EMPTY
    for other in BOOKS:
        reading = await scene.read(other, markets=["1x2"])
        assert (reading.failure is None) == (other != book)
        assert reading.prices() == ({} if other == book else scene.truth(other, "1x2"))


@all_books
@pytest.mark.parametrize("fault", [Fault.LISTS, Fault.NULLS], ids=lambda fault: fault.name.lower())
async def test_lists_for_objects_and_nulls_change_nothing(scene, book, fault) -> None:
    scene.sites[book].fault = fault
    reading = await scene.read(book, markets=["*"])
    assert reading.failure is None
    assert reading.prices() == scene.truth(book)


async def test_a_retired_version_of_betpawa_is_named_with_its_remedy(scene) -> None:
    reading = await scene.read("BetPawa", markets=["1x2"], apiVersion="v3")
    assert reading.failure is not None
    assert reading.failure.reason is Reason.PLATFORM_CHANGED
    assert "config.apiVersion" in reading.failure.message


@all_books
async def test_a_changed_envelope_says_what_was_expected_and_what_was_found(scene, book) -> None:
    scene.sites[book].fault = Fault.RENAMED
    reading = await scene.read(book, markets=["1x2"])
    assert reading.failure is not None
    assert "expected" in reading.failure.message
    assert "an object with code, payload" in reading.failure.message or "found nothing" in reading.failure.message


async def test_protobuf_in_place_of_json_is_a_change(scene) -> None:
    class Deaf(Fetcher):
        async def fetch(self, request):
            headers = [(name, value) for name, value in request.headers if name != "Accept"]
            return await scene.fetcher.fetch(replace(request, headers=headers))

    reading = await scene.read("BetPawa", Deaf(), markets=["1x2"])
    assert reading.failure is not None
    assert reading.failure.reason is Reason.PLATFORM_CHANGED
    assert "protobuf" in reading.failure.message


@all_books
async def test_the_health_check_passes_on_a_healthy_site_and_names_what_is_wrong_on_a_blocked_one(scene, book) -> None:
    platform, config = scene.platforms[book], scene.config(book)
    await platform.check(config, scene.fetcher)
    scene.sites[book].fault = Fault.WAF_PAGE
    with pytest.raises(ScrapeFailed) as caught:
        await platform.check(config, scene.fetcher)
    assert caught.value.reason is Reason.BLOCKED


@all_books
async def test_no_more_requests_are_under_way_at_once_than_the_adapter_says(scene, book) -> None:
    site = scene.sites[book]
    site.delay = 0.005
    config = scene.config(book)
    await scene.read(book, markets=["*"])
    (budget,) = scene.platforms[book].budgets(config).values()
    assert 1 < site.most_at_once <= budget.max_concurrent
