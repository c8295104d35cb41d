"""Asks the API server again whether a caller may read: the second wall behind the check of the API server itself.

kube-apiserver checks RBAC before it passes a request on. Whoever reaches the listener another way with a certificate of
the front proxy is checked here.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from scrape_operator.core.ports import Clock
from scrape_operator.core.recent import Recent
from scrape_operator.results.front_proxy import Caller

GROUP, VERSION = "results.scrape-operator.dev", "v1alpha1"

FRESH_SECONDS = 10.0
"""How long an answer counts; a right that is withdrawn is gone after this time."""

MAX_CACHED_BYTES = 8 * 1024 * 1024
"""Callers may be in thousands of groups."""


class Reviews(Protocol):
    """Asks the API server's authorizers: `cluster.access_reviews`."""

    async def review(
        self,
        *,
        user: str,
        uid: str,
        groups: Sequence[str],
        extra: Mapping[str, Sequence[str]],
        attributes: Mapping[str, str],
    ) -> bool:
        """Return whether it is allowed. Raises ClusterError."""


@dataclass(frozen=True, slots=True)
class _Question:
    caller: Caller
    verb: str
    resource: str
    namespace: str
    name: str

    @property
    def size(self) -> int:
        """About how many bytes it takes in the cache."""
        caller = self.caller
        extra = sum(len(key) + sum(map(len, values)) for key, values in caller.extra)
        return 500 + len(caller.user) + len(caller.uid) + sum(map(len, caller.groups)) + extra + len(self.name)


class Authorizer:
    """Answers from a short cache; callers that ask the same at the same time share one review."""

    def __init__(self, reviews: Reviews, clock: Clock) -> None:
        self._reviews = reviews
        self._clock = clock
        self._cache: Recent[_Question, tuple[float, bool]] = Recent(MAX_CACHED_BYTES, lambda question, _: question.size)
        self._asking: dict[_Question, asyncio.Task[bool]] = {}

    async def is_allowed(self, caller: Caller, verb: str, resource: str, namespace: str | None, name: str = "") -> bool:
        """Return whether the caller may do this; without a namespace, in all of them.

        Raises:
            ClusterError: The API server gave no answer, so that nothing is known.

        """
        question = _Question(caller, verb, resource, namespace or "", name)
        known = self._cache.get(question)
        if known is not None and self._clock.monotonic() - known[0] < FRESH_SECONDS:
            return known[1]
        task = self._asking.get(question)
        if task is None:
            task = self._asking[question] = asyncio.create_task(self._ask(question))
            task.add_done_callback(lambda task: self._forget(question, task))
        return await asyncio.shield(task)

    def _forget(self, question: _Question, task: asyncio.Task[bool]) -> None:
        del self._asking[question]
        if not task.cancelled():
            task.exception()  # all that asked may have gone: asyncio would log the error as one that nobody saw

    async def _ask(self, question: _Question) -> bool:
        asked_at, caller = self._clock.monotonic(), question.caller
        answer = await self._reviews.review(
            user=caller.user,
            uid=caller.uid,
            groups=caller.groups,
            extra={key: list(values) for key, values in caller.extra},
            attributes=_attributes(question),
        )
        self._cache[question] = (asked_at, answer)
        return answer


def _attributes(question: _Question) -> Mapping[str, str]:
    return {
        "group": GROUP,
        "version": VERSION,
        "resource": question.resource,
        "verb": question.verb,
        "namespace": question.namespace,
        "name": question.name,
    }
