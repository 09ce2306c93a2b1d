"""Reads the usage from the provider's answers while they are forwarded."""

import json
from collections.abc import Mapping

from bot.budget.prices import Usage
from bot.domain.spending import MOST_TOKENS

LONGEST = 4 * 1024 * 1024  # bytes of a line, or of a complete answer, that are parsed
_DATA = b"data:"
_TELLING = (b"usage", b"message_stop", b"error")
_WRITES = "content_block_delta"
_AROUND = 80  # bytes of such a line that are not the model's text
_KINDS = tuple(Usage.model_fields)


class Meter:
    """Reads an answer's bytes, however they are split. It does not change or delay them.

    `usage` is what the provider has reported so far. `complete` is true if the final usage was
    reported and is plausible: input tokens above zero, and output tokens. `written` is the
    approximate number of bytes of text, `failed` the type of an error within the stream, and
    `model` the model that answered.
    """

    def __init__(self, *, streams: bool) -> None:
        self._streams = streams
        self._rest = bytearray()
        self._skips = False  # true within a line that is too long to parse
        self._counts: dict[str, int] = {}
        self.written = 0
        self.complete = False
        self.failed = ""
        self.model = ""
        self._has_final_usage = False

    @property
    def usage(self) -> Usage | None:
        """The usage reported so far, or `None`."""
        return Usage(**self._counts) if self._counts else None

    def feed(self, chunk: bytes) -> None:
        """Read the next bytes."""
        if not self._streams:
            self.written += len(chunk)
            if len(self._rest) <= LONGEST:
                self._rest += chunk
            return
        lines = chunk.replace(b"\r", b"\n").split(b"\n")
        for piece in lines[:-1]:
            self._add(piece)
            self._read_line(bytes(self._rest))
            self._rest.clear()
            self._skips = False
        self._add(lines[-1])

    def end(self) -> None:
        """Read the remaining bytes."""
        remaining = bytes(self._rest)
        self._rest.clear()
        if self._streams:
            self._read_line(remaining)
        elif isinstance(message := _parse_json(remaining), Mapping):
            self._note_message(message)
            self._finish()

    def _add(self, piece: bytes) -> None:
        if not self._skips:
            self._rest += piece
        if len(self._rest) > LONGEST:
            self._rest.clear()
            self._skips = True

    def _read_line(self, line: bytes) -> None:
        """Read one line.

        Text of a program or model in a line must not affect how it is classified.
        """
        if not line.startswith(_DATA):
            return
        relevant = any(marker in line for marker in _TELLING)
        event = _parse_json(line.removeprefix(_DATA)) if relevant else None
        if isinstance(event, Mapping) and event.get("type") != _WRITES:
            self._read_event(event)
        elif _WRITES.encode() in line:
            self.written += max(0, len(line) - _AROUND)

    def _read_event(self, event: Mapping[str, object]) -> None:
        match event.get("type"):
            case "message_start" if isinstance(message := event.get("message"), Mapping):
                self._note_message(message)
                self._has_final_usage = False
            case "message_delta":
                self._note(event.get("usage"))
            case "message_stop":
                self._finish()
            case "error":
                error = event.get("error")
                kind = error.get("type") if isinstance(error, Mapping) else None
                self.failed = str(kind or "error")

    def _finish(self) -> None:
        usage = self.usage
        self.complete = self._has_final_usage and usage is not None and usage.tokens_in > 0

    def _note_message(self, message: Mapping[str, object]) -> None:
        self.model = str(message.get("model") or "")
        self._note(message.get("usage"))

    def _note(self, usage: object) -> None:
        """Record counts: they are reported as sums, and never decrease."""
        if not isinstance(usage, Mapping):
            return
        counts = _parse_counts(usage)
        parts = usage.get("iterations")  # the sums above cover only the last one
        for part in parts if isinstance(parts, list) else ():
            for kind, count in _parse_counts(part).items():
                counts[f"all {kind}"] = counts.get(f"all {kind}", 0) + count
        for kind in _KINDS:
            if kind in counts:
                count_so_far = max(counts[kind], counts.get(f"all {kind}", 0))
                self._counts[kind] = max(count_so_far, self._counts.get(kind, 0))
        self._has_final_usage = "output_tokens" in counts


def _parse_counts(usage: object) -> dict[str, int]:
    """Return the valid counts of tokens and tools in a usage report."""
    if not isinstance(usage, Mapping):
        return {}
    inner = (usage.get(name) for name in ("cache_creation", "server_tool_use"))
    nested = {
        key: count for part in inner if isinstance(part, Mapping) for key, count in part.items()
    }
    return {
        kind: min(count, MOST_TOKENS)
        for kind, count in {**nested, **usage}.items()
        if kind in _KINDS and isinstance(count, int) and not isinstance(count, bool) and count >= 0
    }


def _parse_json(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
