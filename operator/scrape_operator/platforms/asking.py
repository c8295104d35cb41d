"""One platform's API as an adapter asks it: a root, the headers that it wants, and JSON back."""

from collections.abc import Sequence

import orjson

from scrape_operator.core.errors import ScrapeFailed
from scrape_operator.core.net.documents import Request
from scrape_operator.core.ports import Fetcher
from scrape_operator.core.runs.items import JSONValue
from scrape_operator.platforms.answers import read_json

MAX_ANSWER = 16 * 2**20
TIMEOUT = 30.0

Pairs = Sequence[tuple[str, str]]


class JsonApi:
    """Asks below `base_url`. `platform` is the name that failures begin with."""

    def __init__(self, fetcher: Fetcher, platform: str, base_url: str, headers: Pairs) -> None:
        self._fetcher = fetcher
        self._platform = platform
        self._base_url = base_url
        self._headers = tuple(headers)

    async def get(self, path: str, params: Pairs = ()) -> JSONValue:
        """GET `base_url/path` and give what the JSON holds.

        Raises:
            ScrapeFailed: what the fetcher raises, or Blocked or PlatformChanged by what came.

        """
        return await self._ask(path, Request(f"{self._base_url}/{path}", params=params, headers=self._headers))

    async def post(self, path: str, content: JSONValue) -> JSONValue:
        """POST JSON to `base_url/path`; it asks a question and changes nothing, for all that it is a POST."""
        headers = (*self._headers, ("Content-Type", "application/json"))
        url, body = f"{self._base_url}/{path}", orjson.dumps(content)
        return await self._ask(path, Request(url, method="POST", headers=headers, body=body))

    async def _ask(self, path: str, request: Request) -> JSONValue:
        where = f"{self._platform} {path}"
        request = Request(
            request.url,
            method=request.method,
            headers=request.headers,
            params=request.params,
            timeout=TIMEOUT,
            max_body_bytes=MAX_ANSWER,
            body=request.body,
        )
        try:
            response = await self._fetcher.fetch(request)
        except ScrapeFailed as failure:
            failure.message = f"{where}: {failure.message}"
            raise
        answer: JSONValue = read_json(response, where)
        return answer
