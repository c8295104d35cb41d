"""Spans of runs, targets, requests and deliveries: the protocol. `reporting` sends them to a collector."""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from yarl import URL

from scrape_operator.core.masking import Mask
from scrape_operator.core.net.documents import Purpose
from scrape_operator.core.runs.run import RunClaim, RunResult, TargetResult
from scrape_operator.core.schedule.plan import ObjectKey


class RunSpan(Protocol):
    """A span of a run."""

    def end(self, result: RunResult) -> None:
        """Add what the run gave."""


class TargetSpan(Protocol):
    """A span of a target."""

    def end(self, result: TargetResult) -> None:
        """Add what the target gave."""


class RequestSpan(Protocol):
    """A span of a request."""

    def answered(self, status: int) -> None:
        """Add the status of the answer."""


class Tracer(Protocol):
    """Begins spans. A span that is begun inside of another one, or in a task made there, belongs to it."""

    def run(self, claim: RunClaim) -> AbstractContextManager[RunSpan]:
        """Return the block of one run."""

    def target(self, name: str) -> AbstractContextManager[TargetSpan]:
        """Return the block of one target."""

    def request(self, method: str, purpose: Purpose, url: URL, mask: Mask) -> AbstractContextManager[RequestSpan]:
        """Return the block of one request.

        Its span has no query, and no secret that `mask` knows. Only the address of a target is shown: that of a webhook
        is a secret, and servers repeat secrets in those of redirects, also to hosts whose robots.txt is then read.
        """

    def delivery(self, key: ObjectKey, webhook: str, event: str) -> AbstractContextManager[object]:
        """Return the block of one attempt to deliver the message of an event to a webhook."""


class _NoSpan:
    """Stands for every span where nothing is traced: it can be entered any number of times at once."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def end(self, result: RunResult | TargetResult) -> None:
        """Do nothing."""

    def answered(self, status: int) -> None:
        """Do nothing."""


_NO_SPAN = _NoSpan()


class NoTracer:
    """Traces nothing, at the cost of a call."""

    def run(self, claim: RunClaim) -> AbstractContextManager[RunSpan]:
        """Return an empty block."""
        return _NO_SPAN

    def target(self, name: str) -> AbstractContextManager[TargetSpan]:
        """Return an empty block."""
        return _NO_SPAN

    def request(self, method: str, purpose: Purpose, url: URL, mask: Mask) -> AbstractContextManager[RequestSpan]:
        """Return an empty block."""
        return _NO_SPAN

    def delivery(self, key: ObjectKey, webhook: str, event: str) -> AbstractContextManager[object]:
        """Return an empty block."""
        return _NO_SPAN


NO_TRACER: Tracer = NoTracer()
