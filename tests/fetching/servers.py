"""Servers on 127.0.0.1 that say just what a test tells them to, byte for byte."""

import asyncio
import contextlib
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Self

from tests.support.web import stop_listening

Handler = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class RawServer:
    """Hands the head of every request to a handler; closes the connection where the handler says so."""

    def __init__(self, handler: Handler, scheme: str) -> None:
        self.heads: list[bytes] = []
        self.url = ""
        self.connections = 0
        self._asked = asyncio.Event()
        self._scheme = scheme
        self.handler = handler
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def open(self) -> int:
        return len(self._tasks)

    async def asked(self) -> None:
        """Return when a request has come."""
        await self._asked.wait()

    async def gone(self) -> None:
        """Return when every connection has been closed by the other side."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def serve(self, host: str, context: ssl.SSLContext | None) -> asyncio.Server:
        server = await asyncio.start_server(self._accept, host, 0, ssl=context)
        name, port = server.sockets[0].getsockname()[:2]
        self.url = f"{self._scheme}://{f'[{name}]' if ':' in name else name}:{port}"
        return server

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
            ConnectionError,
            ssl.SSLError,
            asyncio.CancelledError,
        ):
            return
        finally:
            writer.transport.abort()
            self._tasks.discard(task)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            self._asked.set()
            handling = asyncio.ensure_future(self.handler(head, writer))
            hung_up = asyncio.ensure_future(_until_eof(reader)) if getattr(self.handler, "never_ends", False) else None
            waiting = {handling} if hung_up is None else {handling, hung_up}
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in waiting:
                    one.cancel()
                await asyncio.gather(*waiting, return_exceptions=True)
            if hung_up is not None:
                return
            await writer.drain()


async def _until_eof(reader: asyncio.StreamReader) -> None:
    while await reader.read(1024):
        pass


@contextlib.asynccontextmanager
async def serving(
    handler: Handler, *, host: str = "127.0.0.1", context: ssl.SSLContext | None = None
) -> AsyncIterator[RawServer]:
    raw = RawServer(handler, "http" if context is None else "https")
    server = await raw.serve(host, context)
    try:
        yield raw
    finally:
        await stop_listening(server)
        await raw.stop()
        await server.wait_closed()


def answering(*answers: bytes, close: bool = True) -> Handler:
    """Send the answers one after another, the last one ever after; then close, or keep the connection."""
    left = list(answers)

    async def handle(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])
        if close:
            await writer.drain()
            writer.close()

    return handle


def never_ending(start: bytes = b"", drip: bytes = b"") -> Handler:
    """Send `start`, then `drip` every hundredth of a second, until the other side hangs up."""

    async def handle(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(drip)
            await asyncio.sleep(0.01)

    vars(handle)["never_ends"] = True
    return handle


def resetting(start: bytes = b"") -> Handler:
    """Send `start`, then reset the connection."""

    async def handle(head: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await writer.drain()
        for _ in range(5):  # let `start` arrive before the reset overtakes it
            await asyncio.sleep(0.01)
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return handle


def ok(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    """Write an answer with its Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return ok(b"", f"Location: {location}", status=status)


class ClientCertificateServer:
    """A TLS server in a thread that demands a client certificate, and says so by an alert, as most servers do."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept)
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join()
        self._listener.close()

    def _accept(self) -> None:
        raw, _ = self._listener.accept()
        with (
            raw,
            contextlib.suppress(ssl.SSLError),
            self._context.wrap_socket(raw, server_side=True, do_handshake_on_connect=False) as connection,
        ):
            try:
                connection.do_handshake()
            finally:
                raw_end = socket.socket(fileno=socket.dup(connection.fileno()))
                with raw_end:
                    while raw_end.recv(4096):  # until the client hangs up, so that no reset overtakes the alert
                        pass


def make_certificate(folder: Path, name: str = "127.0.0.1") -> tuple[Path, Path]:
    """Make a self-signed certificate and its key with openssl; they take a few milliseconds."""
    key, certificate = folder / "key.pem", folder / "cert.pem"
    kind = "IP" if name[0].isdigit() else "DNS"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-keyout", str(key), "-out", str(certificate)]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}"]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key
