"""The requests of the results API: discovery, OpenAPI, get, list and watch."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Protocol

from aiohttp import web

from scrape_operator.core.errors import ClusterError, InvalidValue, ScrapeOperatorError
from scrape_operator.core.results import ListQuery, ResultReader
from scrape_operator.results import discovery, openapi
from scrape_operator.results.events import Scope
from scrape_operator.results.failures import (
    BAD_REQUEST,
    INTERNAL_ERROR,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    UNAUTHORIZED,
    UNAVAILABLE,
    RequestRefused,
    forbidden,
    not_found,
)
from scrape_operator.results.feed import ChangeFeed
from scrape_operator.results.front_proxy import Caller
from scrape_operator.results.names import parse_item_name, parse_run_name
from scrape_operator.results.negotiation import (
    DISCOVERY,
    Representation,
    content_type_of,
    representation_of,
    wants_discovery,
)
from scrape_operator.results.queries import limit_of, since_of, token_of, until_of, wants_watch, watch_query_of
from scrape_operator.results.rendering import ITEM_RENDERER, RUN_RENDERER, to_json
from scrape_operator.results.resources import RESOURCES, RUNS, Resource
from scrape_operator.results.selectors import parse_selectors
from scrape_operator.results.watches import Watches

logger = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

JSON = "application/json"
PROBES = frozenset({"/healthz", "/livez", "/readyz"})
MAX_BODY_BYTES = 64 * 1024
RENDERING_THREADS = 1
"""Rendering is Python: a second thread would not make it faster."""

_NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CALLER: web.RequestKey[Caller] = web.RequestKey("caller", Caller)


class Authenticator(Protocol):
    """Says who asks."""

    def authenticate(self, request: web.Request) -> Caller | None:
        """Return the caller, or None if the request does not come from the API server."""


class Authorizer(Protocol):
    """Says what a caller may do."""

    async def is_allowed(self, caller: Caller, verb: str, resource: str, namespace: str | None, name: str = "") -> bool:
        """Return whether the caller may do this; without a namespace, in all of them. Raises ClusterError."""


class ResultsHandlers:
    """Answers requests from rows."""

    def __init__(
        self,
        reader: ResultReader,
        feed: ChangeFeed,
        authenticator: Authenticator,
        authorizer: Authorizer,
        now: Callable[[], datetime],
    ) -> None:
        self._reader = reader
        self._authenticator = authenticator
        self._authorizer = authorizer
        self._now = now
        self._watches = Watches(reader, feed, now)
        self._threads = ThreadPoolExecutor(RENDERING_THREADS, thread_name_prefix="results")

    def application(self) -> web.Application:
        """Return the routes."""
        application = web.Application(middlewares=[_as_status, self._authenticated], client_max_size=MAX_BODY_BYTES)
        add, version = application.router.add_route, discovery.VERSION_PATH
        for path in sorted(PROBES):
            add("GET", path, _probe)
        add("GET", "/apis", _groups)
        add("GET", version, _document(discovery.resource_list))
        add("GET", "/openapi/v2", _openapi(openapi.v2))
        add("GET", "/openapi/v3", _document(openapi.v3_index))
        add("GET", openapi.V3_PATH, _openapi(openapi.v3))
        add("*", f"{version}/{{plural}}", self._collection)
        add("*", f"{version}/namespaces/{{namespace}}/{{plural}}", self._collection)
        add("*", f"{version}/namespaces/{{namespace}}/{{plural}}/{{name}}", self._object)
        return application

    @web.middleware
    async def _authenticated(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer the API server only; its headers name the caller. Probes need no caller."""
        if request.path not in PROBES:
            caller = self._authenticator.authenticate(request)
            if caller is None:
                raise RequestRefused(UNAUTHORIZED, "Unauthorized")
            request[_CALLER] = caller
        return await handler(request)

    async def _collection(self, request: web.Request) -> web.StreamResponse:
        resource, namespace = _resource_of(request), _namespace_of(request)
        query = request.query
        verb = "watch" if wants_watch(query) else "list"
        if verb not in resource.verbs:
            raise RequestRefused(METHOD_NOT_ALLOWED, f"{resource.plural} cannot be watched: list them")
        await self._check(request, verb, resource, namespace)
        form = representation_of(request.headers.get("Accept", ""), query)
        selection = parse_selectors(resource, query)
        if verb == "watch":
            scope = Scope(namespace, selection, form)
            return await self._watches.serve(request, request[_CALLER].user, scope, watch_query_of(query))
        period = since_of(query), until_of(query)
        asked = ListQuery(namespace, selection, token_of(query), limit_of(query), form.has_objects, *period)
        return _json(await self._list(resource, asked, form))

    async def _list(self, resource: Resource, query: ListQuery, form: Representation) -> bytes:
        run = asyncio.get_running_loop().run_in_executor
        if resource is RUNS:
            return await run(self._threads, RUN_RENDERER.list, await self._reader.runs(query), form, self._now())
        return await run(self._threads, ITEM_RENDERER.list, await self._reader.items(query), form, self._now())

    async def _object(self, request: web.Request) -> web.StreamResponse:
        resource, namespace, name = _resource_of(request), _namespace_of(request), request.match_info["name"]
        await self._check(request, "get", resource, namespace, name)
        form = representation_of(request.headers.get("Accept", ""), request.query)
        shown = await self._shown(resource, namespace or "", name, form)
        if shown is None:
            raise not_found(resource, name)
        return _json(to_json(shown))

    async def _shown(self, resource: Resource, namespace: str, name: str, form: Representation) -> object:
        if resource is RUNS:
            if (parsed := parse_run_name(name)) is None:
                return None
            schedule, run_id = parsed
            run = await self._reader.run(namespace, run_id)
            return RUN_RENDERER.one(run, form, self._now()) if run is not None and run.run.name == schedule else None
        if (parsed_item := parse_item_name(name)) is None:
            return None
        schedule, item_id = parsed_item
        item = await self._reader.item(namespace, item_id)
        return ITEM_RENDERER.one(item, form, self._now()) if item is not None and item.item.name == schedule else None

    async def _check(
        self, request: web.Request, verb: str, resource: Resource, namespace: str | None, name: str = ""
    ) -> None:
        """Refuse what the caller may not do, before anything is looked up."""
        if request.method != "GET":
            raise RequestRefused(METHOD_NOT_ALLOWED, f"{resource.plural} are read-only: they are rows of the database")
        caller = request[_CALLER]
        if not await self._authorizer.is_allowed(caller, verb, resource.plural, namespace, name):
            raise forbidden(resource, caller.user, verb, namespace, name)


@web.middleware
async def _as_status(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer refusals and defects with a Status object."""
    try:
        return await handler(request)
    except RequestRefused as error:
        refused = error
    except ClusterError:
        refused = RequestRefused(UNAVAILABLE, "the API server did not say whether this is allowed: try again")
    except InvalidValue as error:
        refused = RequestRefused(BAD_REQUEST, str(error))
    except ScrapeOperatorError as error:  # the database is away, or its tables are of another version
        refused = RequestRefused(UNAVAILABLE, str(error))
    except web.HTTPNotFound:
        refused = RequestRefused(NOT_FOUND, "the server could not find the requested resource")
    except web.HTTPMethodNotAllowed:
        refused = RequestRefused(METHOD_NOT_ALLOWED, "the server does not allow this method on the requested resource")
    except web.HTTPException as error:
        refused = RequestRefused(BAD_REQUEST, error.reason)
    except Exception:
        logger.exception("request of the results API failed", extra={"path": request.path})
        refused = RequestRefused(INTERNAL_ERROR, "an error of the results API: its log has the details")
    return _json(to_json(refused.status()), status=refused.code)


def _json(body: bytes, *, status: int = 200, content_type: str = JSON) -> web.Response:
    return web.Response(
        body=body, status=status, headers={"Content-Type": content_type, "Cache-Control": "no-cache, private"}
    )


def _resource_of(request: web.Request) -> Resource:
    resource = RESOURCES.get(request.match_info["plural"])
    if resource is None:
        raise web.HTTPNotFound
    return resource


def _namespace_of(request: web.Request) -> str | None:
    namespace = request.match_info.get("namespace")
    if namespace is not None and not _NAMESPACE.fullmatch(namespace):
        raise web.HTTPNotFound
    return namespace


async def _probe(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def _groups(request: web.Request) -> web.Response:
    if wants_discovery(request.headers.get("Accept", "")):
        return _json(to_json(discovery.aggregated()), content_type=content_type_of(DISCOVERY))
    return _json(to_json(discovery.group_list()))


def _document(make: Callable[[], object]) -> Handler:
    async def answer(_request: web.Request) -> web.Response:
        return _json(to_json(make()))

    return answer


def _openapi(make: Callable[[], tuple[bytes, str]]) -> Handler:
    """Return the handler of a large document, which clients keep by its ETag."""

    async def answer(request: web.Request) -> web.Response:
        content, digest = make()
        headers = {"ETag": f'"{digest}"'}
        if request.headers.get("If-None-Match", "").strip('"') == digest:
            return web.Response(status=304, headers=headers)
        return web.Response(body=content, content_type=JSON, headers=headers)

    return answer
