"""Reads from the provider's answers what they used, as the bytes go by."""

import json
from collections.abc import Mapping

from bot.domain.prices import Usage

LONGEST = 4 * 1024 * 1024  # of a line, or of a whole answer, that is looked at
_DATA = b"data:"
_TELLING = (b"usage", b"message_stop", b"error")
_WRITES = b"content_block_delta"
_AROUND = 80  # bytes of such a line that are none of the model's words
_KINDS = tuple(Usage.model_fields)


class Meter:
    """Fed with an answer's bytes, however they are split. It alters and delays nothing.

    `usage` is what the provider said by now; `complete` that it said its last word about it;
    `written` how many bytes the model has written, nearly; `failed` the type of an error told in
    the middle of a stream.
    """

    def __init__(self, *, streams: bool) -> None:
        self._streams = streams
        self._rest = bytearray()
        self._skips = False  # a line that is too long is not looked at
        self._counts: dict[str, int] = {}
        self.written = 0
        self.complete = False
        self.failed = ""

    @property
    def usage(self) -> Usage | None:
        """What was told by now; `None` before anything was."""
        return Usage(**self._counts) if self._counts else None

    def feed(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if not self._streams:
            self.written += len(chunk)
            if len(self._rest) <= LONGEST:
                self._rest += chunk
            return
        lines = chunk.replace(b"\r", b"\n").split(b"\n")
        for piece in lines[:-1]:
            self._add(piece)
            self._line(bytes(self._rest))
            self._rest.clear()
            self._skips = False
        self._add(lines[-1])

    def end(self) -> None:
        """Look at what came last."""
        rest = bytes(self._rest)
        self._rest.clear()
        if self._streams:
            self._line(rest)
        elif isinstance(told := _json(rest), Mapping):
            self._note(told.get("usage"))
            self.complete = bool(self._counts)

    def _add(self, piece: bytes) -> None:
        if not self._skips:
            self._rest += piece
        if len(self._rest) > LONGEST:
            self._rest.clear()
            self._skips = True

    def _line(self, line: bytes) -> None:
        if line.startswith(_DATA) and _WRITES in line:
            self.written += max(0, len(line) - _AROUND)
        elif line.startswith(_DATA) and any(word in line for word in _TELLING):
            self._event(_json(line.removeprefix(_DATA)))

    def _event(self, event: object) -> None:
        if not isinstance(event, Mapping):
            return
        match event.get("type"):
            case "message_start" if isinstance(message := event.get("message"), Mapping):
                self._note(message.get("usage"))
            case "message_delta":
                self._note(event.get("usage"))
            case "message_stop":
                self.complete = bool(self._counts)
            case "error":
                error = event.get("error")
                kind = error.get("type") if isinstance(error, Mapping) else None
                self.failed = str(kind or "error")

    def _note(self, usage: object) -> None:
        """Take counts as they stand now: they are told as sums, and never fall."""
        if not isinstance(usage, Mapping):
            return
        kept = usage.get("cache_creation")
        told = {**kept, **usage} if isinstance(kept, Mapping) else usage
        for kind in _KINDS:
            count = told.get(kind)
            if isinstance(count, int) and not isinstance(count, bool) and count >= 0:
                self._counts[kind] = max(count, self._counts.get(kind, 0))


def _json(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
