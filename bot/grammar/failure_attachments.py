"""Which failure a file shows that came with a message: by an error's id or by a traceback."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.ids import shorten_id
from bot.domain.journal import Capsule, FailureGroup

_ERROR_ID = re.compile(r"\berror id:? `?([0-9a-z]{8,26})\b", re.IGNORECASE)
_BEGINNING = "Traceback (most recent call last):"
_FRAME = re.compile(r'\s*File "(?P<file>[^"\n]+)", line (?P<line>\d+), in (?P<function>\S+)')
_ERROR = re.compile(r"(?P<type>[A-Za-z_][\w.]*)(?::|\s*$)")


@dataclass(frozen=True)
class _Traceback:
    """The type of an exception, and the frames that led to it, outermost first."""

    exception: str
    frames: tuple[tuple[str, int, str], ...]


def find_attached_failure(text: str, failures: Sequence[FailureGroup]) -> str | None:
    """Return the id of the record that a text shows; `None` where it shows none of the `failures`.

    These are the most recent first. An error's id counts before a traceback, and the last
    traceback of the text before those above it: an exception that wraps another comes last.
    """
    for match in _ERROR_ID.finditer(text):
        for group in failures:
            for record_id in group.record_ids:
                if shorten_id(match[1].lower()) == shorten_id(record_id).lower():
                    return record_id
    for traceback in reversed(_parse_tracebacks(text)):
        same = [each for each in failures if _place(each.newest.error, traceback) is not None]
        if same:
            # One function may raise the same type in two places, so the same line has priority.
            best = (each for each in same if _place(each.newest.error, traceback) == 0)
            return next(best, same[0]).newest.id
    return None


def _parse_tracebacks(text: str) -> list[_Traceback]:
    found = list[_Traceback]()
    for block in text.replace("\r\n", "\n").split(_BEGINNING)[1:]:
        frames = list[tuple[str, int, str]]()
        for line in block.split("\n")[1:]:
            if frame := _FRAME.match(line):
                file = frame["file"].replace("\\", "/")
                frames.append((file, int(frame["line"]), frame["function"]))
            elif error := _ERROR.match(line):
                found.append(_Traceback(error["type"], tuple(frames)))
                break
            elif not line.startswith(" "):
                break  # it was cut off, or something else follows
    return found


def _place(error: Capsule | None, traceback: _Traceback) -> int | None:
    """Return how many lines apart the two failed; None if they are not the same failure.

    The last traceback frame in a file of the record counts: later frames belong to libraries, which
    the record leaves out.
    """
    if error is None or not error.frames or error.exception != traceback.exception:
        return None
    files = {each.file for each in error.frames}
    last = error.frames[-1]
    for path, line, function in reversed(traceback.frames):
        if any(_is_file(path, file) for file in files):
            same = _is_file(path, last.file) and function == last.function.rpartition(".")[2]
            return abs(line - last.line) if same else None
    return None


def _is_file(path: str, file: str) -> bool:
    """Return whether a path, on whatever machine, ends with a file of the project."""
    return path == file or path.endswith(f"/{file}")
