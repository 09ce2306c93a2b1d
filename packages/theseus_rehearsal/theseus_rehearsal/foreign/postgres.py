"""A PostgreSQL server for one rehearsal, in a sandbox of its own without a network."""

import asyncio
import os
import re
import shutil
import signal
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from theseus_rehearsal.errors import RehearsalError
from theseus_rehearsal.foreign.stand_ins import iterate_files
from theseus_rehearsal.ports.sandbox import Sandbox

BASE = "rehearsal"
_USER = "rehearsal"
_IMPORT = re.compile(r"^\s*(?:import|from)\s+asyncpg\b", re.MULTILINE)
_FOLDERS = "/usr/lib/postgresql/*/bin"
_SETTINGS = (
    "listen_addresses=", "fsync=off", "synchronous_commit=off", "full_page_writes=off",
    "shared_memory_type=mmap", "dynamic_shared_memory_type=mmap", "max_connections=60",
    "autovacuum=off", "timezone=UTC", "unix_socket_permissions=0777",
)  # fmt: skip
# Bots' instructions ask people to create these by hand before the migrations.
_EXTENSIONS = """
DO $$ DECLARE extension text; BEGIN
    FOR extension IN SELECT name FROM pg_available_extensions
        WHERE name IN ('pg_trgm', 'pgcrypto', 'uuid-ossp', 'hstore', 'citext') LOOP
        EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I', extension);
    END LOOP;
END $$
"""
_READY = b"ready to accept connections"
_START_SECONDS = 60.0
_LINES = 3
_NOBODY = 65_534
_UNDO = re.compile(r"(?:^|[._-])(?:down|undo|rollback|revert|drop)(?:[._-]|$)|^U\d", re.IGNORECASE)


def has_postgres(tree: Path) -> bool:
    """Return whether a bot's code imports asyncpg."""
    texts = (path.read_text("utf-8", "replace") for path in iterate_files(tree, (".py",)))
    return any(map(_IMPORT.search, texts))


def has_driver(python: Path) -> bool:
    """Return whether a bot's environment has asyncpg: many bots import it only where it is used."""
    prefix = python.parent.parent
    is_environment = (prefix / "pyvenv.cfg").is_file()
    return not is_environment or any(prefix.glob("lib/python3*/site-packages/asyncpg"))


def find_program(name: str) -> str:
    """Return the path of a program of PostgreSQL. Raises `RehearsalError` if there is none."""
    # Debian's own /usr/bin/psql looks for its configuration, which is not in the sandbox.
    installed = sorted(Path("/").glob(f"{_FOLDERS[1:]}/{name}"), reverse=True)
    found = str(installed[0]) if installed else shutil.which(name)
    if found is None:
        raise RehearsalError(
            f"this bot uses PostgreSQL, and this machine has no {name}: install it (on Debian: "
            "apt install postgresql)"
        )
    return found


def list_migrations(tree: Path) -> list[Path]:
    """Return the SQL files that build a bot's tables, in order; empty if there are none."""
    for folder in (tree / "migrations", tree / "sql" / "migrations", tree / "database"):
        files = [path for path in folder.glob("*.sql") if not _UNDO.search(path.stem)]
        if files:
            return sorted(files, key=lambda path: _split_numbers(path.name))
    for name in ("schema.sql", "database/schema.sql", "sql/schema.sql", "assets/schema.sql"):
        if (tree / name).is_file():
            return [tree / name]
    return []


def _split_numbers(name: str) -> list[tuple[int, str]]:
    return [(int(part) if part.isdigit() else -1, part) for part in re.split(r"(\d+)", name)]


class PostgresServer:
    """Runs until it is closed. `socket` is where it listens; `folder` is its own.

    As root, it runs under another user's id: PostgreSQL refuses root.
    """

    def __init__(self, sandbox: Sandbox, folder: Path, sockets: Path) -> None:
        self.socket = sockets / ".s.PGSQL.5432"
        self._sandbox = sandbox
        self._folder = folder
        self._sockets = sockets
        self._process: asyncio.subprocess.Process | None = None
        self._log: asyncio.Task[bytes] | None = None

    async def start(self) -> None:
        """Create an empty server and wait until it is ready. Raises `RehearsalError`."""
        initdb, postgres = find_program("initdb"), find_program("postgres")
        for folder in (self._folder, self._sockets):
            folder.mkdir(parents=True)
        data = self._folder / "data"
        made = await self._run([initdb, "-D", str(data), "-U", _USER, "-A", "trust", "--no-sync",
                                "-E", "UTF8", "--locale=C"])  # fmt: skip
        if made:
            raise RehearsalError(f"PostgreSQL cannot be set up: {made}")
        settings = [word for each in _SETTINGS for word in ("-c", each)]
        command = [postgres, "-D", str(data), "-k", str(self._sockets), *settings]
        self._process = await self._open(command)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._wait_until_ready(self._process)
        except TimeoutError:
            raise RehearsalError("PostgreSQL was not ready within a minute") from None
        await self.run_sql(f'CREATE DATABASE "{BASE}"', database="postgres")
        await self.run_sql(_EXTENSIONS)

    async def _wait_until_ready(self, process: asyncio.subprocess.Process) -> None:
        lines: list[bytes] = []
        if process.stdout is None:
            raise RehearsalError("PostgreSQL has no output")
        async for line in process.stdout:
            lines.append(line)
            if _READY in line:
                self._log = asyncio.create_task(process.stdout.read(), name="PostgreSQL's log")
                return
        text = b"".join(lines[-_LINES:]).decode(errors="replace").strip()
        raise RehearsalError(f"PostgreSQL does not start: {text}")

    async def copy_base(self, database: str) -> None:
        """Create a database that is like the one that was set up."""
        await self.run_sql(f'CREATE DATABASE "{database}" TEMPLATE "{BASE}"', database="postgres")

    async def run_sql(self, statement: str, *, database: str = BASE) -> None:
        """Run one statement. Raises `RehearsalError`."""
        await self._run_client(["-c", statement], database, statement)

    async def run_file(self, file: Path) -> None:
        """Run a file with statements. Raises `RehearsalError`."""
        copy = self._folder / "statements.sql"
        shutil.copyfile(file, copy)
        await self._run_client(["-f", str(copy)], BASE, file.name)

    async def _run_client(self, words: Sequence[str], database: str, what: str) -> None:
        client = [find_program("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h",
                  str(self._sockets), "-U", _USER, "-d", database, *words]  # fmt: skip
        if problem := await self._run(client):
            raise RehearsalError(f"the database cannot be set up: {what}: {problem}")

    async def _run(self, command: Sequence[str]) -> str:
        """Run a program to its end; return the end of its output if it fails."""
        process = await self._open(command)
        output, _ = await process.communicate()
        lines = output.decode(errors="replace").strip().splitlines()[-_LINES:]
        return (
            (" / ".join(lines) or f"exit code {process.returncode}") if process.returncode else ""
        )

    async def _open(self, command: Sequence[str]) -> asyncio.subprocess.Process:
        """Start a program of PostgreSQL, confined, and never as root."""
        writable = (self._folder, self._sockets)
        enclosure = self._sandbox.enclose(command, cwd=self._folder, writable=writable)
        options: dict[str, Any] = {}
        if enclosure is None and os.geteuid() == 0:
            options = {"user": _NOBODY, "group": _NOBODY}
            # Temporary folders are root's alone: this user may pass, and no other.
            for folder in (*self._folder.parents[:2], *self._sockets.parents[:2]):
                if not folder.stat().st_mode & stat.S_IXOTH:
                    os.chown(folder, -1, _NOBODY)
                    folder.chmod(0o710)
            for folder in writable:
                shutil.chown(folder, _NOBODY, _NOBODY)
        return await asyncio.create_subprocess_exec(
            *(command if enclosure is None else enclosure.argv),
            cwd=self._folder if enclosure is None else "/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            **options,
        )

    async def close(self) -> None:
        """End the server."""
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGQUIT)
        try:
            async with asyncio.timeout(2):
                await self._process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
