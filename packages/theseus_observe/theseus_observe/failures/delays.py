"""Delays as failures: where code stood while people waited, as the traceback of an exception."""

import asyncio
import sys
from collections.abc import Iterable
from types import FrameType, TracebackType
from typing import Any, NamedTuple

_RUN_CALLBACK = asyncio.Handle._run.__code__


class EventLoopBlocked(Exception):
    """Reports that one call blocked all other commands; its traceback is where the call was."""


class AnsweredTooLate(Exception):
    """Reports that a command had not answered in time; its traceback is where it waited then."""


class FramePosition(NamedTuple):
    """A frame and where it stood when it was looked at; the frame itself goes on."""

    frame: FrameType
    line: int
    instruction: int


def capture_position(frame: FrameType) -> FramePosition:
    """Return the current position of a frame."""
    return FramePosition(frame, frame.f_lineno, frame.f_lasti)


def get_thread_stack(thread: int) -> tuple[FramePosition, ...]:
    """Return the frames of the callback that a thread's event loop runs, outermost first.

    Frames outside of the callback only started the loop, and are left out. Without a loop, it is
    the complete stack of the thread; it is empty after the thread has ended.
    """
    frame = sys._current_frames().get(thread)
    stack = []
    while frame is not None and frame.f_code is not _RUN_CALLBACK:
        stack.append(capture_position(frame))
        frame = frame.f_back
    return tuple(reversed(stack))


def get_coroutine_stack(coroutine: Any) -> tuple[FramePosition, ...]:
    """Return the frames of a waiting coroutine and of what it awaits, outermost first."""
    stack = []
    while (frame := getattr(coroutine, "cr_frame", None)) is not None:
        stack.append(capture_position(frame))
        coroutine = coroutine.cr_await
    return tuple(stack)


def build_traceback(stack: Iterable[FramePosition]) -> TracebackType | None:
    """Return a traceback that leads through a stack, outermost first."""
    traceback: TracebackType | None = None
    for each in reversed(tuple(stack)):
        traceback = TracebackType(traceback, each.frame, each.instruction, max(each.line or 0, 1))
    return traceback
