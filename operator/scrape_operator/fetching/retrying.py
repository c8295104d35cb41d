"""Tries a request again where that may help. Runs fetch through it; the arithmetic is in `core.retrying`."""

import asyncio
import random as randomness
from collections.abc import Awaitable, Callable
from dataclasses import replace

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.retry import RetryPolicy, delay, is_worth_another_try


async def fetch_with_retry(
    fetcher: Fetcher,
    request: Request,
    policy: RetryPolicy,
    *,
    deadline: float | None = None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    random: Callable[[], float] = randomness.random,
    clock: Callable[[], float] | None = None,
) -> Response:
    """Fetch, and try again after failures that may pass, where the policy names the method.

    `deadline` is an instant of `clock`, the loop's time where none is given: a wait that would reach it is not begun.
    Requests and bytes of the answer, or of the failure, are those of all tries.

    Raises:
        ScrapeFailed: the last try's.

    """
    tell_time = clock or asyncio.get_running_loop().time
    tries = policy.attempts if request.method in policy.methods else 1
    requests = bytes_read = 0
    for attempt in range(1, tries + 1):
        try:
            response = await fetcher.fetch(request)
        except ScrapeFailed as failure:
            requests += failure.requests
            bytes_read += failure.bytes_read
            if attempt == tries or not is_worth_another_try(failure):
                raise _with_costs(failure, requests, bytes_read) from failure
            wait = delay(attempt, policy.initial_delay, policy.max_delay, failure.retry_after, random()).total_seconds()
            if deadline is not None and tell_time() + wait >= deadline:
                raise _with_costs(failure, requests, bytes_read) from failure
        else:
            if attempt == 1:
                return response
            return replace(response, requests=response.requests + requests, bytes=response.bytes + bytes_read)
        await sleep(wait)
    raise ValueError("a retry policy needs at least one attempt")


def _with_costs(failure: ScrapeFailed, requests: int, bytes_read: int) -> ScrapeFailed:
    return ScrapeFailed(
        failure.reason,
        failure.message,
        http_status=failure.http_status,
        retry_after=failure.retry_after,
        requests=requests,
        bytes_read=bytes_read,
    )
