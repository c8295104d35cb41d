"""A receiver of webhooks on loopback that answers as a test tells it, and checks signatures by its own code."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = b"a key of 24 bytes or more"
SIGNING_SECRET = "whsec_" + base64.b64encode(KEY).decode()


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = json.loads(self.body)
        return payload

    @property
    def type(self) -> str:
        return str(self.payload["type"])

    def is_signed_with(self, key: bytes) -> bool:
        """Whether a signature of the request was made with a key."""
        content = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        return expected in self.headers["webhook-signature"].split(" ")


Answer = Callable[["Reply"], None]


@dataclass
class Reply:
    """How a handler answers one request."""

    handler: BaseHTTPRequestHandler

    def status(self, status: int, **headers: str) -> None:
        """Answer with a status and no body."""
        self.handler.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.handler.send_header(name.replace("_", "-"), value)
        self.handler.end_headers()

    def endless(self) -> None:
        """Answer 200, and send a body until the other side has enough of it."""
        self.handler.send_response(200)
        self.handler.end_headers()
        with suppress(OSError):
            while True:
                self.handler.wfile.write(b"x" * 65_536)


def status(number: int, **headers: str) -> Answer:
    return lambda reply: reply.status(number, **headers)


def endless(reply: Reply) -> None:
    reply.endless()


def slow(seconds: float) -> Answer:
    def answer(reply: Reply) -> None:
        time.sleep(seconds)
        with suppress(OSError):
            reply.status(200)

    return answer


@dataclass
class Receiver:
    """Serves on one port, also after a `stop` and a `start`. `answers` are used up in turn, then `answer`."""

    answer: Answer = status(204)
    answers: list[Answer] = field(default_factory=list)
    requests: list[Received] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    port: int = 0
    _server: ThreadingHTTPServer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks/hidden-path-4711"

    @property
    def types(self) -> list[str]:
        return [request.type for request in self.requests]

    def start(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.handle(self)

            def log_message(self, format: str, *args: object) -> None:
                """Be silent."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Be silent: clients that leave are a part of the tests."""

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._lock:
            self.requests.append(Received(handler.path, headers, body, time.monotonic()))
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            answer = self.answers.pop(0) if self.answers else self.answer
        try:
            answer(Reply(handler))
        finally:
            with self._lock:
                self.at_once -= 1
            handler.close_connection = True


def more_than(count: int, receiver: Receiver) -> Callable[[], bool]:
    """Return what says whether a receiver got more than so many requests."""
    return lambda: len(receiver.requests) > count
