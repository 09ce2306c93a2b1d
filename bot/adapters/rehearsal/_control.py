"""The channel to a play's bot: who goes on when, and in which time."""

import asyncio
import base64
import json
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, NamedTuple, Self

from pydantic import ValidationError

from bot.domain.rehearsal import PlayedError
from bot.infra.own_time import get_peer_pid

_LINE_BYTES = 2_000_000
_ERRORS_AT_MOST = 200


def _is_below(name: str) -> bool:
    """Whether it names a file below a folder, wherever that is: the code under test made it up."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and bool(path.name)


class BotGoneError(Exception):
    """The bot's process has ended, for the reason it gave."""


class EndOfTurn(NamedTuple):
    """The bot has nothing left to do. `next_timer` is when it has, in the play's seconds."""

    next_timer: float | None
    ready: bool
    seconds: float


class ControlChannel:
    """Our end of a play's channel; a context manager.

    Nothing that is heard here is believed, but for when to go on and what went wrong: the code
    under test can say all of it. Failures are added to `errors`. Its first connection is the only
    one. In there the bot stands still until `turn` lets it go on; whatever is written to its other
    sockets before that, it finds at once.
    """

    def __init__(self, path: Path, errors: list[PlayedError]) -> None:
        self._errors = errors
        self.pid = 0  # of the bot's process, once it has connected
        self.files: dict[str, str] | None = None
        self.stored_files: dict[str, str] = {}
        self._path = path
        self._server: asyncio.Server | None = None
        self._connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
            asyncio.get_running_loop().create_future()
        )

    async def __aenter__(self) -> Self:
        """Start to listen."""
        self._server = await asyncio.start_unix_server(self._accept, self._path, limit=_LINE_BYTES)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; the bot ends when it next wants to go on."""
        if self._server is not None:
            self._server.close()
        if self._connected.done():
            self._connected.result()[1].close()
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._connected.done():
            writer.close()
        else:
            self.pid = get_peer_pid(writer.get_extra_info("socket"))
            self._connected.set_result((reader, writer))

    async def begin(self, world: dict[str, Any]) -> EndOfTurn:
        """Wait for the bot's process and tell it its world; return at the end of its first turn."""
        return await self._exchange(world)

    async def turn(self, seconds: float, **order: Any) -> EndOfTurn:
        """Let the bot work, `seconds` after the play began, until nothing is left to do.

        Raises `BotGoneError` when it ends instead.
        """
        return await self._exchange({"seconds": seconds, **order})

    async def _exchange(self, order: dict[str, Any]) -> EndOfTurn:
        reader, writer = await asyncio.shield(self._connected)
        try:
            writer.write(json.dumps(order).encode() + b"\n")
            await writer.drain()
            while True:
                heard = await self._read_line(reader)
                if "idle" in heard:
                    next_timer = heard["idle"]
                    return EndOfTurn(
                        None if next_timer is None else float(next_timer),
                        bool(heard.get("ready")),
                        float(heard.get("seconds", 0.0)),
                    )
                self._note(heard)
        except (OSError, ValueError, TypeError) as error:
            raise BotGoneError("the bot's process ended") from error

    async def _read_line(self, reader: asyncio.StreamReader) -> dict[str, Any]:
        line = await reader.readline()
        if not line:
            raise BotGoneError("the bot's process ended")
        return dict(json.loads(line))

    def _note(self, message: dict[str, Any]) -> None:
        if "failed" in message:
            raise BotGoneError(str(message["failed"]))
        if isinstance(message.get("files"), dict):
            told = message["files"].items()
            self.files = {str(name): str(digest) for name, digest in told}
        if isinstance(message.get("kept"), dict):
            self.stored_files = {
                str(name): str(content)
                for name, content in message["kept"].items()
                if _is_below(str(name)) and base64.b64decode(str(content), validate=True)
            }
        if "error" in message and len(self._errors) < _ERRORS_AT_MOST:
            try:
                self._errors.append(PlayedError.model_validate(message["error"]))
            except ValidationError as error:
                raise BotGoneError(f"its journal cannot be read: {error}") from error
