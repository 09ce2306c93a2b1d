"""Finds the code that blocks the event loop, by looking from another thread."""

import asyncio
import logging
import threading
import weakref
from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple

import discord
from discord.ext import commands

from theseus_observe.failures.delays import (
    EventLoopBlocked,
    FramePosition,
    build_traceback,
    get_thread_stack,
)
from theseus_observe.project_code import ProjectCode

BLOCK_SECONDS = 2.0
"""How long one call may keep the event loop before that is a fault of its own."""

_BLOCKED = "theseus_blocked"
_BEAT_SECONDS, _SAMPLE_SECONDS, _MOST_LATE = 0.25, 0.1, 0.5
_FEWEST_SAMPLES, _LOGGED_AT = 3, 100
_log = logging.getLogger(__name__)

Subject = discord.Interaction | commands.Context[Any]


class BlockReport(NamedTuple):
    """A block by something else than a command. `scope` names the outermost function of a cog."""

    scope: str
    is_listener: bool
    press: discord.Interaction | None
    error: EventLoopBlocked


Report = Callable[[BlockReport], object]


class Stall:
    """The event loop does not turn. `shared` are the frames that stood in every sample."""

    def __init__(self, stack: tuple[FramePosition, ...]) -> None:
        self.stack = stack
        self.samples = 1
        self.shared = {each.frame for each in stack}

    def add(self, stack: tuple[FramePosition, ...]) -> None:
        """Take one more sample."""
        self.stack = stack
        self.samples += 1
        self.shared &= {each.frame for each in stack}

    def find_subject(self) -> Subject | None:
        """Return the interaction or text command that is at work."""
        for each in self.stack:
            for value in each.frame.f_locals.values():
                if isinstance(value, discord.Interaction | commands.Context):
                    return value
        return None


class StallWatch:
    """Samples the thread of the event loop while the loop is blocked.

    A cog is blamed for a stall only if the same call of it is in every sample, and if the sampling
    thread itself ran on time; otherwise the machine was busy.
    """

    def __init__(
        self,
        code: ProjectCode,
        *,
        block_seconds: float = BLOCK_SECONDS,
    ) -> None:
        self._code = code
        self._report: Report | None = None
        self._block_seconds = block_seconds
        self._typed: weakref.WeakKeyDictionary[commands.Context[Any], EventLoopBlocked] = (
            weakref.WeakKeyDictionary()
        )
        # The loop ends a stall while the sampling thread may add to it.
        self._lock = threading.Lock()
        self._stall: Stall | None = None
        self._beat_at = 0.0
        self._beat_asked = False
        self._stop_event = threading.Event()

    def start(self, report: Report) -> None:
        """Watch the running loop until `stop`; `report` records what `take` does not return."""
        self._report = report
        self._stop_event.clear()
        loop = asyncio.get_running_loop()
        self._beat_at = monotonic()
        arguments = (loop, threading.get_ident())
        # A daemon: a loop that stands still for ever must not keep the process.
        threading.Thread(target=self._watch, args=arguments, name="stalls", daemon=True).start()

    def stop(self) -> None:
        """Stop watching; again is harmless."""
        self._stop_event.set()

    def take(self, subject: Subject) -> EventLoopBlocked | None:
        """Return how a command blocked the loop, if it did; also while it does."""
        with self._lock:
            self._end_stall()
        if isinstance(subject, commands.Context):
            return self._typed.pop(subject, None)
        block: EventLoopBlocked | None = subject.extras.pop(_BLOCKED, None)
        return block

    def _record_beat(self) -> None:
        """Show that the loop turns."""
        with self._lock:
            self._end_stall()
            self._beat_asked = False

    def _end_stall(self) -> None:
        """End a stall, by the thread of the loop itself; give the blame for it."""
        stall, self._stall = self._stall, None
        seconds, self._beat_at = monotonic() - self._beat_at, monotonic()
        # Few samples say little: the loop may have been in another call between two of them.
        if stall is None or seconds < self._block_seconds or stall.samples < _FEWEST_SAMPLES:
            return
        if not any(self._code.is_own(frame) for frame in stall.shared):
            return
        text = f"The event loop stood still for {seconds:.1f} s; nothing else was answered."
        error = EventLoopBlocked(text).with_traceback(build_traceback(stall.stack))
        _log.warning("%s", text, exc_info=error)
        subject = stall.find_subject()
        if isinstance(subject, commands.Context):
            self._typed[subject] = error
        elif subject is not None and subject.command is not None:
            subject.extras[_BLOCKED] = error
        elif self._report is not None:
            frames = [each.frame for each in stall.stack]
            is_listener = any(frame.f_code.co_name == "_run_event" for frame in frames)
            self._report(BlockReport(self._code.scope(frames), is_listener, subject, error))

    # In the other thread

    def _watch(self, loop: asyncio.AbstractEventLoop, thread: int) -> None:
        before = monotonic()
        while loop.is_running() and not self._stop_event.wait(
            # Each turn takes the interpreter from the loop, so there are few while it turns.
            _SAMPLE_SECONDS if self._beat_asked else _BEAT_SECONDS
        ):
            now = monotonic()
            if not self._beat_asked and now - self._beat_at > _BEAT_SECONDS:
                # Asked from here and by no timer of the loop, whose clock may be a made-up one.
                self._beat_asked = True
                try:
                    loop.call_soon_threadsafe(self._record_beat)
                except RuntimeError:  # the loop was closed meanwhile
                    return
            is_late, before = now - before > _MOST_LATE, now
            if now - self._beat_at > _BEAT_SECONDS + _MOST_LATE:
                self._sample(thread, is_late=is_late)

    def _sample(self, thread: int, *, is_late: bool) -> None:
        stack = get_thread_stack(thread)
        with self._lock:
            if is_late:
                self._stall = None  # the machine was busy, so no cog is to blame
            elif self._stall is None:
                self._stall = Stall(stack)
            else:
                self._stall.add(stack)
                if self._stall.samples == _LOGGED_AT:  # it may never end
                    error = EventLoopBlocked("The event loop stands still.")
                    error.with_traceback(build_traceback(stack))
                    _log.error("The event loop stands still.", exc_info=error)
