"""The demo site: a shop with a JSON API and paged HTML, on synthetic goods that change over time.

The demo, the tests of fetching and running, and the benchmarks scrape it. What is on sale is a function of
a seed and of the `now` that is passed in, so a test owns the time. Every request is counted.
"""

import asyncio
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Any

from aiohttp import web

from tests.dev.site import members, trouble
from tests.dev.site.catalogue import CATEGORIES, CURRENCY, Catalogue, Product
from tests.dev.site.exports import EXPORTS
from tests.dev.site.pages import PAGE_SIZE, list_page, product_json, product_page, start_page

MAX_PER_PAGE = 200
EXPORTED = 20
REMEMBERED_REQUESTS = 10_000


def utc_now() -> datetime:
    """Return the machine's time in whole seconds: what is on sale changes no faster, and is made up once for each."""
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request that the site got."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


class DemoSite:
    """The shop. `app` is its aiohttp application; `serve_site` and `SiteThread` bring it up."""

    def __init__(self, now: Callable[[], datetime] = utc_now, seed: int = 1, size: int = 600) -> None:
        self.now = now
        self.catalogue = Catalogue(seed, size)
        self.counts: Counter[str] = Counter()
        """Requests per path, without the query; `/counts` itself is not counted."""
        self.seen: deque[SeenRequest] = deque(maxlen=REMEMBERED_REQUESTS)
        """The last requests, oldest first."""
        self.url = ""
        """The site's address without a slash at the end; empty until it is served."""
        self.tls_url = ""
        """Its address for clients that show a certificate, as `url`."""
        self._arrivals: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._on_sale: tuple[datetime | None, list[Product]] = (None, [])
        self.app = self._application()

    def reset(self) -> None:
        """Forget the requests so far."""
        self.counts.clear()
        self.seen.clear()
        self._arrivals.clear()
        self.app[trouble.FLAKES].clear()

    async def arrived(self, path: str) -> None:
        """Wait until a request for `path` has come, from the loop that serves the site."""
        await self._arrivals[path].wait()

    def _goods(self) -> list[Product]:
        """Return what is on sale now; it is worked out once a second at the most."""
        now = self.now().replace(microsecond=0)
        if self._on_sale[0] != now:
            self._on_sale = (now, self.catalogue.products(now))
        return self._on_sale[1]

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._count])
        app[trouble.CLOSING] = asyncio.Event()
        app[trouble.FLAKES] = Counter()
        app.on_shutdown.append(_close)
        app.add_routes(trouble.routes)
        app.add_routes(
            [
                web.get("/", _start),
                web.get("/robots.txt", _robots),
                web.get("/counts", self._counts),
                web.post("/counts/reset", self._reset),
                web.get("/shop", self._shop),
                web.get("/shop/categories/{category}", self._shop),
                web.get("/shop/products/{sku}", self._product_page),
                web.get("/exports/{name}", self._export),
                web.get("/api/categories", self._categories),
                web.get("/api/products", self._products),
                web.get("/api/products/{sku}", self._product),
                web.get("/api/prices", self._prices),
                web.get("/api/stock", self._stock),
                web.get("/api/deals/{day}", self._deals),
                *members.routes(self._members),
            ]
        )
        return app

    @web.middleware
    async def _count(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        if not request.path.startswith("/counts"):
            self.counts[request.path] += 1
            self._arrivals[request.path].set()
            self.seen.append(SeenRequest(request.method, request.path, request.query_string, dict(request.headers)))
        return await handler(request)

    async def _counts(self, _request: web.Request) -> web.Response:
        return web.json_response(self.counts)

    async def _reset(self, _request: web.Request) -> web.Response:
        self.reset()
        return web.Response(status=204)

    async def _shop(self, request: web.Request) -> web.Response:
        category = request.match_info.get("category")
        if category is not None and category not in CATEGORIES:
            raise web.HTTPNotFound
        goods = [p for p in self._goods() if category in {None, p.category}]
        page = _whole(request, "page", 1, lowest=1, highest=10_000)
        if page > max(1, -(-len(goods) // PAGE_SIZE)):
            raise web.HTTPNotFound
        return _html(list_page((category or "all products").title(), request.path, goods, page))

    async def _product_page(self, request: web.Request) -> web.Response:
        return _html(product_page(self._find(request)))

    async def _export(self, request: web.Request) -> web.Response:
        """Return twenty products in the format that the name says."""
        if request.match_info["name"] not in EXPORTS:
            raise web.HTTPNotFound
        content_type, write = EXPORTS[request.match_info["name"]]
        return web.Response(text=write(self._goods()[:EXPORTED]), content_type=content_type)

    async def _product(self, request: web.Request) -> web.Response:
        return web.json_response(product_json(self._find(request)))

    def _find(self, request: web.Request) -> Product:
        product = self.catalogue.find(request.match_info["sku"], self.now())
        if product is None:
            raise web.HTTPNotFound
        return product

    async def _members(self, request: web.Request) -> web.Response:
        """Return twenty products with what members pay; `members` has let the request in."""
        rows = [{"sku": p.sku, "name": p.name, "price": float(p.price)} for p in self._goods()[:EXPORTED]]
        return web.json_response({"data": rows})

    async def _categories(self, _request: web.Request) -> web.Response:
        count = Counter(product.category for product in self._goods())
        return web.json_response({"categories": [{"name": name, "products": count[name]} for name in CATEGORIES]})

    async def _products(self, request: web.Request) -> web.Response:
        return _listing(request, [product_json(product) for product in self._selected(request)])

    async def _prices(self, request: web.Request) -> web.Response:
        goods = self._selected(request)
        return _listing(request, [{"sku": p.sku, "price": float(p.price), "currency": CURRENCY} for p in goods])

    async def _stock(self, request: web.Request) -> web.Response:
        return _listing(request, [{"sku": p.sku, "stock": p.stock} for p in self._selected(request)])

    async def _deals(self, request: web.Request) -> web.Response:
        """Return five deals of a day, written YYYY-MM-DD; they depend on the day alone. `etag=no` gives no ETag."""
        try:
            day = date.fromisoformat(request.match_info["day"])
        except ValueError as error:
            raise web.HTTPNotFound(text="write the day as YYYY-MM-DD") from error
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        goods = self.catalogue.products(start)
        chosen = [goods[(day.toordinal() * 7 + n * 97) % len(goods)] for n in range(5)]
        deals = [{"sku": p.sku, "name": p.name, "price": float(p.price)} for p in chosen]
        return _revalidated(request, {"day": day.isoformat(), "deals": deals})

    def _selected(self, request: web.Request) -> list[Product]:
        """Filter by `category`, `q` (a part of the name) and `inStock=true`."""
        query = request.query
        goods = self._goods()
        if "category" in query:
            goods = [product for product in goods if product.category == query["category"]]
        if "q" in query:
            goods = [product for product in goods if query["q"].casefold() in product.name.casefold()]
        if query.get("inStock") == "true":
            goods = [product for product in goods if product.stock]
        return goods


def _revalidated(request: web.Request, content: dict[str, Any]) -> web.Response:
    """Answer with an ETag of the content, and with 304 to a request that names it (RFC 9110 section 13.1.2)."""
    response = web.json_response(content)
    if request.query.get("etag") == "no":
        return response
    etag = blake2b(response.body if isinstance(response.body, bytes) else b"", digest_size=8).hexdigest()
    if any(known.value == etag for known in request.if_none_match or ()):
        response = web.Response(status=304)
    response.etag = etag
    return response


def _listing(request: web.Request, rows: list[dict[str, Any]]) -> web.Response:
    """Answer with a page: by `page` and `perPage`, by `skip` and `take`, or by the `cursor` of the page before."""
    take = _whole(request, "take" if "take" in request.query else "perPage", 50, lowest=1, highest=MAX_PER_PAGE)
    if "cursor" in request.query:
        skip = _whole(request, "cursor", 0, highest=len(rows))
    elif "skip" in request.query:
        skip = _whole(request, "skip", 0, highest=1_000_000)
    else:
        skip = (_whole(request, "page", 1, lowest=1, highest=10_000) - 1) * take
    after = skip + take
    is_last = after >= len(rows)
    address = None if is_last else str(request.rel_url.update_query(page=skip // take + 2, perPage=take))
    meta = {"total": len(rows), "page": skip // take + 1, "pages": max(1, -(-len(rows) // take)), "next": address}
    if not is_last:
        meta["cursor"] = str(after)
    headers = {} if address is None else {"Link": f'<{address}>; rel="next"'}
    return web.json_response({"data": rows[skip:after], "meta": meta}, headers=headers)


def _whole(request: web.Request, name: str, default: int, *, lowest: int = 0, highest: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isascii() or not text.isdigit() or not lowest <= int(text) <= highest:
        raise web.HTTPBadRequest(text=f"{name} must be an integer from {lowest} to {highest}")
    return int(text)


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", charset="utf-8")


async def _start(_request: web.Request) -> web.Response:
    return _html(start_page())


async def _robots(_request: web.Request) -> web.Response:
    return web.Response(text="User-agent: *\nDisallow: /private/\n")


async def _close(app: web.Application) -> None:
    app[trouble.CLOSING].set()
