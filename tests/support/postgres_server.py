"""A PostgreSQL server for tests: one for each session, on a Unix socket, with a schema per test."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import pytest
from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign.postgres import find_program

from bot.app.state_parts import STORE, StatePart
from bot.domain.errors import StoreError
from bot.domain.postgres_place import PostgresPlace
from bot.infra.free_port import find_free_port
from bot.infra.postgres import PostgresDatabase
from tests.support.networks import Network
from tests.support.temporary_files import find_memory_folder

_SETTINGS = (
    "listen_addresses=", "shared_buffers=16MB", "max_connections=60", "autovacuum=off",
    "logging_collector=off",
)  # fmt: skip
_FAST = ("fsync=off", "full_page_writes=off")
_DURABLE = ("fsync=on", "synchronous_commit=on")
_READY = "ready to accept connections"
_NOBODY = 65_534
_numbers = itertools.count(1)


class PostgresServer:
    """A server that can be killed and started again."""

    def __init__(
        self, folder: Path, *, durable: bool = False, network: Network | None = None
    ) -> None:
        self._folder = folder
        self._settings: tuple[str, ...] = (*_SETTINGS, *(_DURABLE if durable else _FAST))
        self.port = 5432
        if network is not None:
            self.port = find_free_port()
            self._settings += (f"listen_addresses={network.address}", f"port={self.port}")
        self._process: subprocess.Popen[str] | None = None
        self._who: dict[str, Any] = {"user": _NOBODY, "group": _NOBODY} if os.geteuid() == 0 else {}

    @classmethod
    @contextmanager
    def run(cls, *, durable: bool = False, network: Network | None = None) -> Iterator[Self]:
        """Run a new server until the block ends: in memory, or `durable` on the disk.

        Machines of the `network` may use it.

        Raises `RehearsalError` where PostgreSQL is missing.
        """
        initdb = find_program("initdb")
        # The path of a socket has 107 characters at most, and only root enters pytest's folders.
        memory = None if durable else find_memory_folder()
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir=memory or "/tmp"))
        server = cls(folder, durable=durable, network=network)
        try:
            if server._who:
                shutil.chown(folder, _NOBODY, _NOBODY)
            server._call(
                initdb, "-D", str(folder / "data"), "-U", "theseus", "-A", "trust", "--no-sync",
                "-E", "UTF8", "--locale=C.UTF-8",
            )  # fmt: skip
            if network is not None:
                with (folder / "data" / "pg_hba.conf").open("a", encoding="ascii") as rules:
                    rules.write(f"host all all {network.all_addresses} trust\n")
            server.start()
            yield server
        finally:
            server.kill()
            shutil.rmtree(folder)

    @property
    def folder(self) -> Path:
        """Where its socket is."""
        return self._folder

    @property
    def url(self) -> str:
        """The address of its only database."""
        return f"postgresql://theseus@/postgres?host={self._folder}"

    def make_place(self) -> PostgresPlace:
        """Return a schema that does not exist yet."""
        return PostgresPlace(self.url, f"t{os.getpid()}_{next(_numbers)}")

    def start(self) -> None:
        """Start it and wait until it is ready."""
        settings = [word for each in self._settings for word in ("-c", each)]
        data = str(self._folder / "data")
        self._process = subprocess.Popen(
            [find_program("postgres"), "-D", data, "-k", str(self._folder), *settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            cwd=self._folder,
            start_new_session=True,
            **self._who,
        )
        lines: list[str] = []
        for line in self._process.stderr or ():
            lines.append(line)
            if _READY in line:
                return
        raise AssertionError(f"PostgreSQL does not start: {''.join(lines[-3:])}")

    def kill(self) -> None:
        """End it and all its processes, without mercy."""
        process, self._process = self._process, None
        if process is None:
            return
        _send_signals(process.pid, signal.SIGKILL)
        process.wait()
        if process.stderr is not None:
            process.stderr.close()

    def send_signal(self, number: signal.Signals) -> None:
        """Stop it with all its processes, or let it go on."""
        assert self._process is not None
        _send_signals(self._process.pid, number)

    def _call(self, *command: str) -> None:
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=self._folder, timeout=60, **self._who,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr


def _send_signals(pid: int, number: signal.Signals) -> None:
    """Send a signal to a server and all its processes."""
    os.kill(pid, signal.SIGSTOP)  # from now on it starts no other
    children = Path(f"/proc/{pid}/task/{pid}/children")
    # Each is the leader of a group of its own, and might answer one more question.
    for each in (*map(int, children.read_text(encoding="ascii").split()), pid):
        with suppress(ProcessLookupError):  # it ended by itself meanwhile
            os.kill(each, number)


@contextmanager
def run_server(network: Network | None = None) -> Iterator[PostgresServer]:
    """Run a new server for tests, which are skipped where PostgreSQL is missing."""
    try:
        find_program("initdb")
    except RehearsalError:
        pytest.skip("no PostgreSQL: install it (on Debian: apt install postgresql)")
    with PostgresServer.run(network=network) as server:
        yield server


def open_schema(request: pytest.FixtureRequest, part: StatePart = STORE) -> PostgresDatabase:
    """Return the database of a part in an empty schema of the session's server, not open yet."""
    server: PostgresServer = request.getfixturevalue("postgres")
    return open_part(server.make_place(), part)


def open_part(place: PostgresPlace, part: StatePart = STORE) -> PostgresDatabase:
    """Return the database of a part in this very schema, not open yet."""
    return PostgresDatabase(place, part.migrations, error=StoreError)
