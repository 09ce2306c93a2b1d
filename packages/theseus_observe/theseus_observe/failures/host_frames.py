"""Decide whether a failure belongs to the code that hosts cogs, or to the code that called it.

Every request of a cog to Discord passes through the client, the redaction and the instrumentation.
Their frames are then the innermost of the project, though the mistake is in the caller.
"""

import opcode
from collections.abc import Sequence
from types import FrameType
from typing import NamedTuple

from theseus_observe.failures.safe_access import get_traceback, is_error

Hosts = frozenset[str]
NO_HOSTS: Hosts = frozenset()
_OWN_PACKAGE = __name__.partition(".")[0]

# What the host only hands requests on to. An error from there is the answer to the caller.
_WRAPPED_LIBRARIES = frozenset({"aiohttp", "discord"})
# Mistakes in code. Other errors, as of a closed file, are about what the caller passed in.
_CODE_MISTAKES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    NotImplementedError,
    RecursionError,
    TypeError,
)


class TracePlace(NamedTuple):
    """A frame on the way to an error, its line then, and its file if that is the project's."""

    file: str | None
    frame: FrameType
    line: int
    module: str
    is_host: bool

    @property
    def package(self) -> str:
        """Return the name of the package that the frame's code is in."""
        return self.module.partition(".")[0]


def is_host_module(name: str, hosts: Hosts) -> bool:
    """Return whether a module is of this package, or of one of `hosts`, named by two parts."""
    return name.partition(".")[0] == _OWN_PACKAGE or ".".join(name.split(".")[:2]) in hosts


def is_raised_on_purpose(cause: BaseException, way: Sequence[TracePlace]) -> bool:
    """Return whether a `raise` in our own innermost frame made it, and no library below."""
    traceback = get_traceback(cause)
    if not way or traceback is None or (way[-1].file is None and not way[-1].is_host):
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback.tb_frame is not way[-1].frame or traceback.tb_lasti < 0:
        return False
    return traceback.tb_frame.f_code.co_code[traceback.tb_lasti] == opcode.opmap["RAISE_VARARGS"]


def skip_host(
    way: Sequence[TracePlace], cause: BaseException, *, deliberate: bool
) -> tuple[TracePlace, ...]:
    """Return the way to an error without the host's frames, unless the fault is in the host.

    `deliberate`: a `raise` statement in the last frame made the error. Where only the host is on
    the way, all of it stays.
    """
    callers = [i for i, place in enumerate(way) if place.file is not None and not place.is_host]
    if not callers:
        return tuple(way)
    fault = _find_host_fault(way, callers[-1], cause, deliberate=deliberate)
    if fault is not None:
        return tuple(way[: fault + 1]) if deliberate else tuple(way)
    return tuple(place for place in way if not place.is_host)


def _find_host_fault(
    way: Sequence[TracePlace], caller: int, cause: BaseException, *, deliberate: bool
) -> int | None:
    """Return the index of the host's frame behind `caller` that is to blame, if one is."""
    if not issubclass(type(cause), _CODE_MISTAKES):
        return None
    inner = [i for i in range(caller + 1, len(way)) if way[i].is_host]
    if deliberate and inner and inner[-1] == len(way) - 1 and not _is_broken_promise(cause):
        inner.pop()  # a refusal is about the line that asked for it
        return inner[-1] if inner and way[inner[-1] + 1].is_host else None
    if not inner:
        return None
    below = way[inner[-1] + 1 :]
    return None if below and below[0].package in _WRAPPED_LIBRARIES else inner[-1]


def _is_broken_promise(cause: BaseException) -> bool:
    return is_error(cause, AssertionError)
