"""The site whose responses `test_replay` has kept and read again: a list, in several kinds of pages."""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler

Pages = dict[str, tuple[Mapping[str, str], str]]

HTML, JSON = {"Content-Type": "text/html; charset=utf-8"}, {"Content-Type": "application/json"}


class Site:
    """A web site of fixed pages; it counts the requests for them. `later` are pages from a number of requests on."""

    def __init__(self) -> None:
        self.pages: Pages = {}
        self.later: Mapping[int, Pages] = {}
        self.url = ""
        self.requests = 0

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.pages = self.later.get(self.requests, self.pages)
        headers, text = self.pages.get(handler.path, ({}, ""))
        self.requests += handler.path != "/robots.txt"
        handler.send_response(200 if handler.path in self.pages else 404)
        for name, value in headers.items():
            handler.send_header(name, value)
        body = text.encode()
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


def row(name: str, price: str) -> str:
    return f'<li><a href="/item/{name}">{name}</a> <b class="cost">{price}</b></li>'


def page(*rows: str, following: str = "") -> str:
    link = f'<a class="next" href="{following}">next</a>' if following else ""
    return f"<html lang=en><ul>{''.join(rows)}</ul>{link}"


LIST_OF_TWO: Pages = {"/list": (HTML, page(row("a", "1.50"), row("b", "2.25")))}


def linked_pages() -> Pages:
    return {
        "/list": (HTML, page(row("a", "1.50"), row("b", "2.25"), following="/list?page=2")),
        "/list?page=2": (HTML, page(row("c", "3.75"), following="/list?page=3")),
        "/list?page=3": (HTML, page(row("d", "4.00"))),
    }


def pages_by_header() -> Pages:
    pages = linked_pages()
    for number in (1, 2):
        address = "/list" if number == 1 else "/list?page=2"
        headers = {**HTML, "Link": f'</list?page={number + 1}>; rel="next"'}
        pages[address] = (headers, pages[address][1].replace("next", "no"))
    return pages


def counted_pages() -> Pages:
    bodies = [body for _, body in linked_pages().values()]
    return {f"/list?page={number}": (HTML, body) for number, body in enumerate([*bodies, page()], 1)}


def followed_pages() -> Pages:
    details = {f"/item/{name}": (HTML, f"<p class=born>199{number}") for number, name in enumerate("abcd")}
    return linked_pages() | details


def cursor_pages() -> Pages:
    def body(*names: str, following: str | None) -> str:
        return json.dumps({"data": [{"name": name, "cost": "1,5"} for name in names], "next": following})

    return {
        "/list": (JSON, body("a", "b", following="x")),
        "/list?cursor=x": (JSON, body("c", following=None)),
    }
