"""Watches: streams of events that end cleanly, by their time, by a stop of the server, or with 410."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from scrape_operator.core.errors import ScrapeOperatorError
from scrape_operator.core.results import ListQuery, ResultReader, RevisionExpired
from scrape_operator.results.events import ADDED, BOOKMARK, ERROR, Scope, events_of
from scrape_operator.results.failures import EXPIRED, TOO_MANY_REQUESTS, RequestRefused
from scrape_operator.results.feed import Batch, ChangeFeed
from scrape_operator.results.negotiation import Form
from scrape_operator.results.queries import WatchQuery
from scrape_operator.results.rendering import RUN_RENDERER, bookmark, event, to_json

MAX_WATCHES = 1000
MAX_WATCHES_OF_USER = 100

BOOKMARK_SECONDS = 60.0
WRITE_SECONDS = 30.0
"""A client that does not read for so long is given up."""

RENDERED_INLINE = 20
"""Changes that are rendered on the event loop: more take a thread."""


class Watches:
    """All watches of a process."""

    def __init__(self, reader: ResultReader, feed: ChangeFeed, now: Callable[[], datetime]) -> None:
        self._reader = reader
        self._feed = feed
        self._now = now
        self._of_user: Counter[str] = Counter()

    async def serve(self, request: web.Request, user: str, scope: Scope, query: WatchQuery) -> web.StreamResponse:
        """Send events until the watch ends.

        Raises:
            RequestRefused: There are too many watches.
            StoreUnavailable: The database is away at the beginning.

        """
        with self._counted(user):
            watch = Watch(self._reader, self._feed, self._now, scope, query)
            await watch.begin()
            response = web.StreamResponse(headers={"Cache-Control": "no-cache, private"})
            response.content_type = "application/json"
            response.enable_chunked_encoding()
            await response.prepare(request)
            try:
                async for lines in watch.events():
                    async with asyncio.timeout(WRITE_SECONDS):
                        await response.write(lines)
                await response.write_eof()
            except (ConnectionError, TimeoutError):  # the client has gone, or does not read
                if request.transport is not None:
                    request.transport.abort()
            return response

    @contextmanager
    def _counted(self, user: str) -> Iterator[None]:
        if self._feed.watches >= MAX_WATCHES or self._of_user[user] >= MAX_WATCHES_OF_USER:
            raise RequestRefused(TOO_MANY_REQUESTS, "there are too many watches: end others, or try again later")
        self._feed.join()
        self._of_user[user] += 1
        try:
            yield
        finally:
            self._feed.leave()
            self._of_user -= Counter({user: 1})


class Watch:
    """One watch: what it has sent, and what comes next."""

    def __init__(
        self,
        reader: ResultReader,
        feed: ChangeFeed,
        now: Callable[[], datetime],
        scope: Scope,
        query: WatchQuery,
    ) -> None:
        self._reader = reader
        self._feed = feed
        self._now = now
        self._scope = scope
        self._query = query
        self._position = 0
        self._has_columns = scope.form.form is Form.TABLE
        self._ahead: dict[object, int] = {}
        self._deadline = asyncio.get_running_loop().time() + query.seconds

    async def begin(self) -> None:
        """Find where the watch begins.

        Raises:
            StoreUnavailable: The database is away.

        """
        since = self._query.since
        self._position = await self._reader.last_revision() if since is None else since

    async def events(self) -> AsyncIterator[bytes]:
        """Yield events, some lines at a time, until the time of the watch is over."""
        try:
            if self._query.is_initial:
                async for lines in self._initial():
                    yield lines
            async for lines in self._changes():
                yield lines
        except RevisionExpired as error:
            yield to_json({"type": ERROR, "object": RequestRefused(EXPIRED, str(error)).status()}) + b"\n"
        except ScrapeOperatorError:
            return  # the client begins again where it was

    async def _initial(self) -> AsyncIterator[bytes]:
        """Yield all that is there. What changes meanwhile follows, except what was sent in its newer state already."""
        query = ListQuery(self._scope.namespace, self._scope.selection, with_targets=self._scope.form.has_objects)
        page = await self._reader.runs(query)
        self._position = page.revision
        while True:
            self._ahead |= {row.run.id: row.revision for row in page.rows if row.revision > self._position}
            rows = [
                event(ADDED, RUN_RENDERER.one(row, self._scope.form, self._now(), has_columns=self._first()))
                for row in page.rows
            ]
            if rows:
                yield b"".join(rows)
            if page.next is None:
                break
            if self._feed.is_closed:
                return  # without the bookmark: the client must not take these pages for all
            page = await self._reader.runs(replace(query, after=page.next))
        if self._query.ends_initial:
            yield self._bookmark(ends_initial=True)

    async def _changes(self) -> AsyncIterator[bytes]:
        while not self._feed.is_closed and (left := self._deadline - asyncio.get_running_loop().time()) > 0:
            batch = await self._feed.next(self._position, min(left, BOOKMARK_SECONDS))
            if batch is not None:
                lines = await self._render(batch)
                self._position = batch.changes.until
                if lines:
                    yield lines
            elif self._query.has_bookmarks:
                self._position = max(self._position, self._feed.reached)
                yield self._bookmark()

    async def _render(self, batch: Batch) -> bytes:
        if self._ahead:
            batch = self._without_sent(batch)
        if batch.size > RENDERED_INLINE:
            return await asyncio.to_thread(self._lines, batch)
        return self._lines(batch)

    def _lines(self, batch: Batch) -> bytes:
        lines = b"".join(events_of(batch, self._scope, self._now(), has_columns=self._has_columns))
        self._has_columns = self._has_columns and not lines
        return lines

    def _without_sent(self, batch: Batch) -> Batch:
        """Leave out changes that came with the initial events; what is older than this batch will not come again."""
        changes = batch.changes
        runs = [run for run in changes.runs if self._ahead.get(run.run.id) != run.revision]
        self._ahead = {key: revision for key, revision in self._ahead.items() if revision > changes.until}
        return Batch(replace(changes, runs=runs), batch.quiet_until)

    def _bookmark(self, *, ends_initial: bool = False) -> bytes:
        shown = bookmark(self._position, self._scope.form, ends_initial=ends_initial, has_columns=self._first())
        return event(BOOKMARK, shown)

    def _first(self) -> bool:
        """Return whether the columns of the table are still to be sent, once."""
        has_columns, self._has_columns = self._has_columns, False
        return has_columns
