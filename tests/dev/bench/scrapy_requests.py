"""CPU per request of Scrapy, in a process of its own: its reactor runs once in a process.

Usage: `python -m tests.dev.bench.scrapy_requests URL ROUNDS REQUESTS AT_ONCE`. It prints microseconds.
"""

import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from scrapy import Request, Spider
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response

SETTINGS: Mapping[str, Any] = {
    "LOG_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "RANDOMIZE_DOWNLOAD_DELAY": False,
}
"""All else is what Scrapy does by default, without the settings of a project: no robots.txt, cookies, retries."""


class Repeat(Spider):
    """Requests one address again and again, so many at a time, and reads the CPU time after each round."""

    name = "repeat"

    def __init__(self, url: str, rounds: int, requests: int, at_once: int) -> None:
        super().__init__()
        self._url, self._at_once, self._requests, self._left = url, at_once, requests, rounds * requests
        self._begun, self._answered = 0.0, 0
        self.rounds: list[float] = []

    async def start(self) -> AsyncIterator[Request]:
        """Yield the first requests."""
        self._begun = time.process_time()
        for _ in range(self._at_once):
            yield self._next()

    def parse(self, response: Response) -> Iterator[Request]:
        """Yield the request that takes the place of an answered one."""
        self._answered += 1
        if self._answered % self._requests == 0:
            now = time.process_time()
            self.rounds.append((now - self._begun) / self._requests * 1e6)
            self._begun = now
        if self._left:
            yield self._next()

    def _next(self) -> Request:
        self._left -= 1
        return Request(self._url, dont_filter=True)


def main(arguments: Sequence[str]) -> None:
    """Run the rounds, and print the best one."""
    url, (rounds, requests, at_once) = arguments[0], map(int, arguments[1:])
    process = CrawlerProcess({**SETTINGS, "CONCURRENT_REQUESTS_PER_DOMAIN": at_once})
    crawler = process.create_crawler(Repeat)
    process.crawl(crawler, url=url, rounds=rounds, requests=requests, at_once=at_once)
    process.start()
    assert isinstance(crawler.spider, Repeat)
    print(min(crawler.spider.rounds))


if __name__ == "__main__":
    main(sys.argv[1:])
