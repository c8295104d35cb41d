"""The second wall: one review answers for ten seconds, for exactly one caller and question."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from scrape_operator.core.errors import ClusterError
from scrape_operator.results import authorization
from scrape_operator.results.authorization import Authorizer
from scrape_operator.results.front_proxy import Caller
from tests.support.clock import ManualClock

JANE = Caller("jane", "42", ("dev",), (("scopes", ("a",)),))


@dataclass
class Reviews:
    """The API server's authorizers: `allowed` may, the rest may not."""

    allowed: set[str] = field(default_factory=lambda: {"jane"})
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    whole: list[object] = field(default_factory=list)
    gate: asyncio.Event | None = None
    error: ClusterError | None = None

    async def review(
        self,
        *,
        user: str,
        uid: str,
        groups: Sequence[str],
        extra: Mapping[str, Sequence[str]],
        attributes: Mapping[str, str],
    ) -> bool:
        self.asked.append((user, attributes))
        self.whole.append((user, uid, list(groups), dict(extra)))
        if self.gate:
            await self.gate.wait()
        if self.error:
            raise self.error
        return user in self.allowed


@pytest.fixture
def reviews() -> Reviews:
    return Reviews()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def authorizer(reviews: Reviews, clock: ManualClock) -> Authorizer:
    return Authorizer(reviews, clock)


async def test_the_whole_question_is_asked(authorizer: Authorizer, reviews: Reviews) -> None:
    assert await authorizer.is_allowed(JANE, "get", "scraperuns", "shop", "quotes-a")
    assert await authorizer.is_allowed(JANE, "list", "scrapeitems", None)
    base = {"group": "results.scrape-operator.dev", "version": "v1alpha1"}
    assert reviews.asked == [
        ("jane", base | {"verb": "get", "resource": "scraperuns", "namespace": "shop", "name": "quotes-a"}),
        ("jane", base | {"verb": "list", "resource": "scrapeitems", "namespace": "", "name": ""}),
    ]
    assert reviews.whole[0] == ("jane", "42", ["dev"], {"scopes": ["a"]})


@pytest.mark.parametrize("user", ["jane", "eve"])
async def test_an_answer_counts_for_ten_seconds(
    authorizer: Authorizer, reviews: Reviews, clock: ManualClock, user: str
) -> None:
    caller = Caller(user)
    answer = await authorizer.is_allowed(caller, "list", "scraperuns", "shop")
    assert answer is (user == "jane")
    clock.advance(9.9)
    reviews.allowed = {"eve"}
    assert await authorizer.is_allowed(caller, "list", "scraperuns", "shop") is answer
    assert len(reviews.asked) == 1
    clock.advance(0.1)
    assert await authorizer.is_allowed(caller, "list", "scraperuns", "shop") is (user == "eve")
    assert len(reviews.asked) == 2


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((Caller("jane", "42", ("dev",)), "get", "scraperuns", "shop", "a"), id="extra"),
        pytest.param((Caller("jane", "42", (), JANE.extra), "get", "scraperuns", "shop", "a"), id="groups"),
        pytest.param((Caller("jane", "43", ("dev",), JANE.extra), "get", "scraperuns", "shop", "a"), id="uid"),
        pytest.param((Caller("joan", "42", ("dev",), JANE.extra), "get", "scraperuns", "shop", "a"), id="user"),
        pytest.param((JANE, "list", "scraperuns", "shop", "a"), id="verb"),
        pytest.param((JANE, "get", "scrapeitems", "shop", "a"), id="resource"),
        pytest.param((JANE, "get", "scraperuns", "news", "a"), id="namespace"),
        pytest.param((JANE, "get", "scraperuns", None, "a"), id="all namespaces"),
        pytest.param((JANE, "get", "scraperuns", "shop", "b"), id="name"),
    ],
)
async def test_no_answer_counts_for_another_question(
    authorizer: Authorizer, reviews: Reviews, other: tuple[Caller, str, str, str | None, str]
) -> None:
    await authorizer.is_allowed(JANE, "get", "scraperuns", "shop", "a")
    await authorizer.is_allowed(*other)
    assert len(reviews.asked) == 2


async def test_callers_that_ask_at_the_same_time_share_a_review(authorizer: Authorizer, reviews: Reviews) -> None:
    reviews.gate = asyncio.Event()
    asking = [asyncio.create_task(authorizer.is_allowed(JANE, "list", "scraperuns", "shop")) for _ in range(50)]
    await asyncio.sleep(0)
    asking[0].cancel()  # one client that goes takes the answer from nobody
    await asyncio.sleep(0)
    reviews.gate.set()
    assert await asyncio.gather(*asking[1:]) == [True] * 49
    assert len(reviews.asked) == 1


async def test_no_answer_is_an_error_and_not_remembered(authorizer: Authorizer, reviews: Reviews) -> None:
    reviews.error = ClusterError("away")
    with pytest.raises(ClusterError, match="away"):
        await authorizer.is_allowed(JANE, "list", "scraperuns", "shop")
    reviews.error = None
    assert await authorizer.is_allowed(JANE, "list", "scraperuns", "shop")


async def test_the_cache_is_bounded_and_forgets_the_oldest(
    reviews: Reviews, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authorization, "MAX_CACHED_BYTES", 29_000)
    authorizer, groups = Authorizer(reviews, clock), ("g" * 900,)
    for number in range(100):
        await authorizer.is_allowed(Caller(f"user-{number}", groups=groups), "list", "scraperuns", "shop")
    assert len(authorizer._cache) <= 20
    await authorizer.is_allowed(Caller("user-99", groups=groups), "list", "scraperuns", "shop")
    assert len(reviews.asked) == 100
    await authorizer.is_allowed(Caller("user-0", groups=groups), "list", "scraperuns", "shop")
    assert len(reviews.asked) == 101
