"""Reads from the provider's answers what they used, as the bytes go by."""

import json
from collections.abc import Mapping

from bot.budget.prices import Usage
from bot.domain.spending import MOST_TOKENS

LONGEST = 4 * 1024 * 1024  # of a line, or of a whole answer, that is looked at
_DATA = b"data:"
_TELLING = (b"usage", b"message_stop", b"error")
_WRITES = "content_block_delta"
_AROUND = 80  # bytes of such a line that are none of the model's words
_KINDS = tuple(Usage.model_fields)


class Meter:
    """Fed with an answer's bytes, however they are split. It alters and delays nothing.

    `usage` is what the provider said by now; `complete` that it said its last word about it, and
    that it can be: some tokens in, and how many out. `written` is how many bytes the model has
    written, nearly; `failed` the type of an error told in the middle of a stream; `model` who
    answered.
    """

    def __init__(self, *, streams: bool) -> None:
        self._streams = streams
        self._rest = bytearray()
        self._skips = False  # a line that is too long is not looked at
        self._counts: dict[str, int] = {}
        self.written = 0
        self.complete = False
        self.failed = ""
        self.model = ""
        self._has_final_usage = False

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
            self._read_line(bytes(self._rest))
            self._rest.clear()
            self._skips = False
        self._add(lines[-1])

    def end(self) -> None:
        """Look at what came last."""
        rest = bytes(self._rest)
        self._rest.clear()
        if self._streams:
            self._read_line(rest)
        elif isinstance(told := _parse_json(rest), Mapping):
            self._note_message(told)
            self._finish()

    def _add(self, piece: bytes) -> None:
        if not self._skips:
            self._rest += piece
        if len(self._rest) > LONGEST:
            self._rest.clear()
            self._skips = True

    def _read_line(self, line: bytes) -> None:
        """Look at a line; what a program or a model can put into one does not decide what it is."""
        if not line.startswith(_DATA):
            return
        told = any(word in line for word in _TELLING)
        event = _parse_json(line.removeprefix(_DATA)) if told else None
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
        """Take counts as they stand now: they are told as sums, and never fall."""
        if not isinstance(usage, Mapping):
            return
        told = _parse_counts(usage)
        parts = usage.get("iterations")  # what the last one used is told as if it were all
        for part in parts if isinstance(parts, list) else ():
            for kind, count in _parse_counts(part).items():
                told[f"all {kind}"] = told.get(f"all {kind}", 0) + count
        for kind in _KINDS:
            if kind in told:
                most = max(told[kind], told.get(f"all {kind}", 0))
                self._counts[kind] = max(most, self._counts.get(kind, 0))
        self._has_final_usage = "output_tokens" in told


def _parse_counts(usage: object) -> dict[str, int]:
    """Return the counts that are some, of what is told of tokens and of tools."""
    if not isinstance(usage, Mapping):
        return {}
    inner = (usage.get(name) for name in ("cache_creation", "server_tool_use"))
    told = {
        key: count for each in inner if isinstance(each, Mapping) for key, count in each.items()
    }
    return {
        kind: min(count, MOST_TOKENS)
        for kind, count in {**told, **usage}.items()
        if kind in _KINDS and isinstance(count, int) and not isinstance(count, bool) and count >= 0
    }


def _parse_json(text: bytes) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
