"""Records on their way out: a bounded queue, and one thread that writes them in batches."""

from __future__ import annotations

import atexit
import json
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Protocol

from theseus_observe.failures.safe_access import escape_surrogates
from theseus_observe.hook_runner import HookRunner
from theseus_observe.redaction import redact

MOST_WAITING = 10_000
MOST_IN_A_BATCH = 500
_PAUSE_SECONDS = 0.25
_EXIT_SECONDS = 3.0
_encode = json.JSONEncoder(separators=(",", ":")).encode

Fields = dict[str, Any]
Tell = Callable[[str], None]


class Sink(Protocol):
    """Where lines go."""

    def write(self, lines: Sequence[bytes]) -> float:
        """Write lines; return after how many seconds to try again, 0 if they are written."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class Outbox:
    """Takes records without waiting, and writes them on a thread of its own.

    If too many wait, the oldest are dropped. `dropped` counts them.
    """

    def __init__(self, sink: Sink, runner: HookRunner, *, most: int = MOST_WAITING) -> None:
        self._sink = sink
        self._runner = runner
        self._waiting: deque[Fields] = deque()
        self._lines: list[bytes] = []
        self._most = most
        self._wake = threading.Event()
        self._is_closing = False
        self._thread: threading.Thread | None = None
        self.dropped = 0
        self.written = 0

    def add(self, fields: Fields, *, urgent: bool = False) -> None:
        """Queue a record; an urgent one is written at once."""
        if len(self._waiting) >= self._most:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(fields)
        if self._thread is None:
            self._start()
        if urgent:
            self._wake.set()

    def close(self, seconds: float = _EXIT_SECONDS) -> None:
        """Write what waits, for some seconds at most; again is harmless."""
        self._is_closing = True
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(seconds)
        atexit.unregister(self.close)

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="theseus_observe", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    # On the thread

    def _run(self) -> None:
        pause = _PAUSE_SECONDS
        while not self._is_closing:
            self._wake.wait(pause)
            self._wake.clear()
            pause = self._runner.run(self._write_waiting) or _PAUSE_SECONDS
            if pause > _PAUSE_SECONDS:  # the server is away: urgent records wait too
                self._sleep(pause)
        self._runner.run(self._write_waiting)
        self._runner.run(self._sink.close)

    def _sleep(self, seconds: float) -> None:
        while seconds > 0 and not self._is_closing:
            self._wake.wait(min(seconds, _PAUSE_SECONDS))
            self._wake.clear()
            seconds -= _PAUSE_SECONDS

    def _write_waiting(self) -> float:
        """Write all that waits; return after how many seconds to go on."""
        while self._lines or self._waiting:
            if not self._lines:
                self._lines = self._take_batch()
            try:
                delay = self._sink.write(self._lines)
            except Exception:
                self._lines = []  # the same lines would fail again
                raise
            if delay:
                return delay
            self.written += len(self._lines)
            self._lines = []
        return 0.0

    def _take_batch(self) -> list[bytes]:
        lines: list[bytes] = []
        while self._waiting and len(lines) < MOST_IN_A_BATCH:
            line = self._runner.run(format_line, self._waiting.popleft())
            if line is not None:
                lines.append(line)
        return lines


def format_line(fields: Fields) -> bytes:
    """Return a record as one line of ASCII, so that no text can break it."""
    for name in ("event", "name"):
        fields[name] = _clean_name(fields[name])
    return (_encode(fields) + "\n").encode("ascii")


@lru_cache(maxsize=2048)
def _clean_name(name: str) -> str:
    return escape_surrogates(redact(name))
