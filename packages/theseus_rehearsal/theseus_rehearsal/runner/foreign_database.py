"""Leads a bot's connections to PostgreSQL to the server of the replay.

It is for asyncpg, whose connections are asyncio's. Whichever host, user and database the bot names,
it gets the database of this script. A turn of the loop lasts until the server has answered.
"""

import asyncio
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

_VERSION = 196_608
_PORT = 5432
_READY = b"Z\x00\x00\x00\x05"
_TERMINATE = b"X"
USER = "rehearsal"


class _Transport:
    """Notes what is written, and names the replay's own user and database in the first message."""

    def __init__(self, inner: Any, on_write: Callable[[bytes], None], database: str) -> None:
        self._inner = inner
        self._on_write = on_write
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, data: Any) -> None:
        content = _replace_startup(bytes(data), self._database)
        self._on_write(content)
        self._inner.write(content)

    def writelines(self, lines: Any) -> None:
        self.write(b"".join(map(bytes, lines)))


class _Watched(asyncio.Protocol):
    """Passes everything on, and says when the server has to answer and when it has answered."""

    def __init__(self, inner: Any, set_waiting: Callable[[bool], None], database: str) -> None:
        self._inner = inner
        self._set_waiting = set_waiting
        self._database = database
        self._end = b""

    def connection_made(self, transport: Any) -> None:
        self._inner.connection_made(_Transport(transport, self._note_write, self._database))

    def data_received(self, data: bytes) -> None:
        self._end = (self._end + data)[-6:]
        if self._end[:-1] == _READY:
            self._set_waiting(False)
        self._inner.data_received(data)

    def eof_received(self) -> Any:
        return self._inner.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        self._set_waiting(False)
        self._inner.connection_lost(error)

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def _note_write(self, content: bytes) -> None:
        if not content.startswith(_TERMINATE):
            self._set_waiting(True)


def install(socket: str, database: str) -> None:
    """Change every event loop, and what libraries read from the environment."""
    os.environ.update(
        PGHOST=str(Path(socket).parent), PGUSER=USER, PGDATABASE=database, PGSSLMODE="disable"
    )
    create = asyncio.BaseEventLoop.create_connection
    loops: Any = asyncio.SelectorEventLoop
    create_unix = loops.create_unix_connection

    async def connect(loop: Any, build: Callable[[], Any]) -> Any:
        inner, waiting = build(), [False]

        def set_waiting(is_waiting: bool) -> None:
            if waiting[0] != is_waiting and hasattr(loop, "busy"):
                loop.busy += 1 if is_waiting else -1
            waiting[0] = is_waiting

        def build_watched() -> _Watched:
            return _Watched(inner, set_waiting, database)

        transport, _ = await create_unix(loop, build_watched, socket)
        return _Transport(transport, lambda _content: None, database), inner

    async def create_here(loop: Any, build: Any, host: Any = None, port: Any = None, **rest: Any):  # type: ignore[no-untyped-def]
        if port == _PORT:
            return await connect(loop, build)
        return await create(loop, build, host, port, **rest)

    async def create_unix_here(loop: Any, build: Any, path: Any = None, **rest: Any):  # type: ignore[no-untyped-def]
        if ".s.PGSQL." in str(path):
            return await connect(loop, build)
        return await create_unix(loop, build, path, **rest)

    asyncio.BaseEventLoop.create_connection = create_here  # type: ignore[assignment,method-assign]
    loops.create_unix_connection = create_unix_here


def _replace_startup(content: bytes, database: str) -> bytes:
    """Return the first message of a connection with our user and database; others as they are."""
    if len(content) < 8 or struct.unpack("!ii", content[:8]) != (len(content), _VERSION):
        return content
    words = content[8:].rstrip(b"\0").split(b"\0")
    parameters = dict(zip(words[::2], words[1::2], strict=False))
    parameters |= {b"user": USER.encode(), b"database": database.encode()}
    body = b"".join(name + b"\0" + value + b"\0" for name, value in parameters.items()) + b"\0"
    return struct.pack("!ii", len(body) + 8, _VERSION) + body
