"""The control channel to a script's bot: when it may go on, and at which time."""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Any, NamedTuple, Self

from pydantic import ValidationError

from theseus_rehearsal.own_time import get_peer_pid
from theseus_rehearsal.records import BotCommand, PlayedError

_LINE_BYTES = 2_000_000  # more than the largest message with stored files
_ERRORS_AT_MOST = 200
_RECORDS_AT_MOST = 10_000
_FILES_AT_MOST = 2_000


def _is_below(name: str) -> bool:
    """Return whether a name is a path below a folder; the code under test may send any name."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts and bool(path.name)


class BotGoneError(Exception):
    """The bot's process has ended; the message is the reason."""


class EndOfTurn(NamedTuple):
    """The bot is idle. `next_timer` is its next timer, in seconds since the start of the script."""

    next_timer: float | None
    ready: bool
    seconds: float


@dataclass
class BotReports:
    """What a script's bots reported: failures, places they could not reach, records, commands.

    `lines` are the lines of their code that ran since `take_lines` was last called.
    """

    errors: list[PlayedError] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    commands: tuple[BotCommand, ...] = ()
    lines: dict[str, set[int]] = field(default_factory=dict)

    def take_lines(self) -> dict[str, frozenset[int]]:
        """Return the lines that ran, and forget them."""
        lines, self.lines = self.lines, {}
        return {file: frozenset(numbers) for file, numbers in lines.items()}

    journal: list[str] = field(default_factory=list)


class ControlChannel:
    """The server's end of a control channel; a context manager.

    The code under test may send anything, so messages are only used for timing and for errors.
    What it reports is added to `reports`. Only the first connection is accepted. The bot pauses
    until `turn` lets it go on, so it finds everything that was written to its other sockets before.
    """

    def __init__(self, path: Path, reports: BotReports) -> None:
        self._reports = reports
        self.pid = 0  # the process id of the bot, once it has connected
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
        """Close the channel; the bot ends when it next wants to go on."""
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
        """Wait for the bot's process and send it the world; return at the end of its first turn."""
        return await self._exchange(world)

    async def turn(self, seconds: float, **order: Any) -> EndOfTurn:
        """Let the bot work until it is idle; `seconds` is the time since the start of the script.

        Raises `BotGoneError` if the bot ends instead.
        """
        return await self._exchange({"seconds": seconds, **order})

    async def _exchange(self, order: dict[str, Any]) -> EndOfTurn:
        reader, writer = await asyncio.shield(self._connected)
        try:
            writer.write(json.dumps(order).encode() + b"\n")
            await writer.drain()
            while True:
                message = await self._read_line(reader)
                if "idle" in message:
                    next_timer = message["idle"]
                    return EndOfTurn(
                        None if next_timer is None else float(next_timer),
                        bool(message.get("ready")),
                        float(message.get("seconds", 0.0)),
                    )
                self._note(message)
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
            digests = message["files"].items()
            self.files = {str(name): str(digest) for name, digest in digests}
        if isinstance(message.get("kept"), dict):
            self.stored_files = {
                str(name): str(content)
                for name, content in message["kept"].items()
                if _is_below(str(name)) and base64.b64decode(str(content), validate=True)
            }
        if isinstance(message.get("lines"), dict):
            self._note_lines(message["lines"])
        self._note_report(message)

    def _note_lines(self, lines: dict[Any, Any]) -> None:
        known = self._reports.lines
        for file, numbers in lines.items():
            if _is_below(str(file)) and (file in known or len(known) < _FILES_AT_MOST):
                known.setdefault(str(file), set()).update(map(int, numbers))

    def _note_report(self, message: dict[str, Any]) -> None:
        reports = self._reports
        if "wanted" in message and len(reports.wanted) < _ERRORS_AT_MOST:
            reports.wanted.append(str(message["wanted"]))
        if "ran" in message and len(reports.ran) < _RECORDS_AT_MOST:
            reports.ran.append(str(message["ran"]))
        if "record" in message and len(reports.journal) < _RECORDS_AT_MOST:
            reports.journal.append(str(message["record"]))
        if "commands" in message:
            try:
                reports.commands = tuple(map(BotCommand.model_validate, message["commands"]))
            except (ValidationError, TypeError) as error:
                raise BotGoneError(f"its commands cannot be read: {error}") from error
        if "error" in message and len(reports.errors) < _ERRORS_AT_MOST:
            try:
                reports.errors.append(PlayedError.model_validate(message["error"]))
            except ValidationError as error:
                raise BotGoneError(f"its journal cannot be read: {error}") from error
