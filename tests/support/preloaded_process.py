"""A process of a preloaded program, and the client that stands for a program on PATH.

The client runs this file with Python's bare standard library, so that it starts in 30 ms.
"""

import json
import os
import select
import signal
import socket
import struct
import sys
from collections.abc import Mapping, Sequence

NUMBER = struct.Struct("!i")


class Process:
    """A program that the server started; used as a `subprocess.Popen`."""

    def __init__(
        self,
        server: str,
        program: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: str,
        files: Sequence[int] = (0, 1, 2),
    ) -> None:
        request = {"program": program, "arguments": [*arguments], "environment": {**environment}, "folder": folder}
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.connect(server)
        socket.send_fds(self._connection, [b"\n"], files)
        self._connection.sendall(json.dumps(request).encode() + b"\n")
        self.returncode: int | None = None
        self.pid = self._receive()

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        if self.returncode is None and select.select([self._connection], [], [], 0)[0]:
            self.returncode = self._receive()
            self._connection.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end, and return the exit code.

        Raises:
            TimeoutError: it does not end within so many seconds.
        """
        if self.returncode is None:
            select.select([self._connection], [], [], timeout)
        code = self.poll()
        if code is None:
            raise TimeoutError(f"process {self.pid} has not ended after {timeout} s")
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _receive(self) -> int:
        message = self._connection.recv(NUMBER.size, socket.MSG_WAITALL)
        if not message:
            raise ChildProcessError("the server of preloaded programs has ended")
        number: int = NUMBER.unpack(message)[0]
        return number


def main(server: str, program: str, folder: str, arguments: Sequence[str]) -> None:
    """Run a program in the server, pass on the signals of its caller, and end as it ends."""
    process = Process(server, program, arguments, os.environ, folder)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: process.send_signal(received))
    code = process.wait()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])
