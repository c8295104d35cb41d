"""One platform's JSON API: the root of its URLs, the headers that it needs, and how its envelope is opened."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request, Response
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.platforms.json_responses import read_json

MAX_BODY_BYTES = 16 * 2**20
TIMEOUT_SECONDS = 30.0

Pairs = Sequence[tuple[str, str]]
Envelope = Callable[[Any, str], Any]
"""Returns the content of an answer's envelope. `where` names the request in failures. Raises ScrapeFailed."""


def without_envelope(answer: Any, _where: str) -> Any:
    """Return the answer itself: the API has no envelope."""
    return answer


@dataclass(frozen=True, slots=True)
class JsonApi:
    """Requests below `base_url`. Failures begin with the name of the platform and the path.

    The envelope is opened within the fetcher's retries, so that an answer that says "too busy" is tried again.
    `more_headers` come from the user and replace those of the adapter.
    """

    fetcher: Fetcher
    platform: str
    base_url: str
    headers: Pairs
    more_headers: Mapping[str, str] = field(default_factory=dict)
    envelope: Envelope = without_envelope

    async def get(self, path: str, params: Pairs = (), envelope: Envelope | None = None) -> JSONValue:
        """GET `base_url/path` and return the content of the answer.

        Raises:
            ScrapeFailed: what the fetcher, `read_json` or the envelope raises.

        """
        return await self._request(path, "GET", params=params, envelope=envelope)

    async def post(self, path: str, content: JSONValue) -> JSONValue:
        """POST JSON to `base_url/path` and return the content of the answer. The request must only read."""
        return await self._request(path, "POST", body=orjson.dumps(content))

    async def _request(
        self, path: str, method: str, *, params: Pairs = (), body: bytes = b"", envelope: Envelope | None = None
    ) -> JSONValue:
        where, open_envelope = f"{self.platform} {path}", envelope or self.envelope
        request = Request(
            f"{self.base_url}/{path}",
            method=method,
            headers=self._headers(has_body=bool(body)),
            params=params,
            timeout=TIMEOUT_SECONDS,
            max_body_bytes=MAX_BODY_BYTES,
            body=body,
        )

        def read(response: Response) -> JSONValue:
            content: JSONValue = open_envelope(read_json(response, where), where)
            return content

        try:
            return await self.fetcher.fetch_as(request, read)
        except ScrapeFailed as failure:
            if not failure.message.startswith(where):
                failure.message = f"{where}: {failure.message}"
            raise

    def _headers(self, *, has_body: bool) -> Pairs:
        replaced = {name.lower() for name in self.more_headers}
        own = (*self.headers, *((("Content-Type", "application/json"),) if has_body else ()))
        return [*((name, value) for name, value in own if name.lower() not in replaced), *self.more_headers.items()]
