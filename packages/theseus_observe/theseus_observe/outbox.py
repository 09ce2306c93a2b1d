"""Records on their way out: a bounded queue, and one thread that writes them in batches."""

from __future__ import annotations

import atexit
import dataclasses
import json
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from time import monotonic
from typing import Any, Protocol

from theseus_observe.failures.safe_access import escape_surrogates
from theseus_observe.hook_runner import HookRunner
from theseus_observe.redaction import redact

MOST_WAITING = 10_000
MOST_IN_A_BATCH = 500
_PAUSE_SECONDS = 0.25
_EXIT_SECONDS = 3.0
_encode = json.JSONEncoder(separators=(",", ":")).encode

Fields = Mapping[str, Any]
Build = Callable[[], Fields]
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
        self._waiting: deque[Build] = deque()
        self._lines: list[bytes] = []
        self._most = most
        self._wake = threading.Event()
        self._is_closing = False
        self._thread: threading.Thread | None = None
        self._woken_at = 0.0
        self.dropped = 0
        self.written = 0

    def add(self, build: Build, *, urgent: bool = False) -> None:
        """Queue what makes a record; an urgent one is written soon."""
        if len(self._waiting) >= self._most:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(build)
        if self._thread is None:
            self._start()
        # A wake-up costs a command more than its record, so there are few of them.
        if urgent and monotonic() - self._woken_at > _PAUSE_SECONDS:
            self._woken_at = monotonic()
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
            line = self._runner.run(_build_line, self._waiting.popleft())
            if line is not None:
                lines.append(line)
        return lines


def _build_line(build: Build) -> bytes:
    return format_line(build())


def format_line(fields: Fields) -> bytes:
    """Return a record as one line of ASCII, so that no text can break it.

    Fields without a value are left out.
    """
    written = {name: value for name, value in fields.items() if value is not None}
    for name in ("event", "name"):
        written[name] = _clean_name(written[name])
    error = fields.get("error")
    if error is not None:
        written["error"] = {
            name: value for name, value in dataclasses.asdict(error).items() if value != ()
        }
    request = fields.get("request")
    if request is not None:
        written["request"] = {
            name: value for name, value in dataclasses.asdict(request).items() if value
        }
    return (_encode(written) + "\n").encode("ascii")


@lru_cache(maxsize=2048)
def _clean_name(name: str) -> str:
    return escape_surrogates(redact(name))
