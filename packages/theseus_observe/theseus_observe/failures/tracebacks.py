"""Tracebacks for the log, written as Python writes them.

Python's own writer runs code of the exception, which may raise anything, and writes its text in
full, which takes 30 ms for 4 MB. This one reads exceptions by `safe_access` and cuts their texts.
"""

import sys
import traceback
from collections.abc import Iterator, MutableMapping

from theseus_observe.failures.bounded_text import redact_beginning
from theseus_observe.failures.literals import Redact
from theseus_observe.failures.safe_access import (
    attempt,
    get_cause,
    get_children,
    get_context,
    get_fields,
    get_message,
    get_traceback,
    get_type_name,
    is_context_hidden,
    is_error,
    to_exact_text,
)

_MAX_MESSAGE = 2_000
_MAX_FRAMES = 60
_MAX_ERRORS = 20
_MAX_NOTES = 10
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n"
_MEANWHILE = "\nDuring handling of the above exception, another exception occurred:\n"


class TracebackWriter:
    """A structlog processor that turns `exc_info` into the text `exception`."""

    def __init__(self, redact: Redact) -> None:
        self._redact = redact

    def __call__(
        self, _logger: object, _method: str, event: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        """Write the traceback of one event in place."""
        error = _find_error(event.pop("exc_info", None))
        if error is not None:
            event["exception"] = "\n".join(self._write(error, set()))
        return event

    def _write(self, error: BaseException, seen: set[int]) -> Iterator[str]:
        """Yield lines, the exceptions that led to this one first; each exception once."""
        seen.add(id(error))
        cause = before = get_cause(error)
        if cause is None and not is_context_hidden(error):
            before = get_context(error)
        if before is not None and id(before) not in seen and len(seen) < _MAX_ERRORS:
            yield from self._write(before, seen)
            yield _MEANWHILE if cause is None else _CAUSED
        place = get_traceback(error)
        if place is not None:
            yield "Traceback (most recent call last):"
            frames = attempt(lambda: traceback.format_tb(place, -_MAX_FRAMES), ["  (unknown)\n"])
            yield "".join(frames).rstrip("\n")
        yield self._summarise(error)
        for number, child in enumerate(get_children(error), 1):
            if id(child) not in seen and len(seen) < _MAX_ERRORS:
                yield f"  ---------------- {number} ----------------"
                lines = "\n".join(self._write(child, seen))
                yield "\n".join(f"  | {line}" for line in lines.split("\n"))

    def _summarise(self, error: BaseException) -> str:
        name, message = get_type_name(type(error)), get_message(error)
        notes = get_fields(error).get("__notes__")
        lines = [f"{name}: {message}" if message else name]
        if type(notes) is list:
            lines += filter(None, map(to_exact_text, notes[:_MAX_NOTES]))
        return redact_beginning("\n".join(lines), _MAX_MESSAGE, self._redact)


def _find_error(exc_info: object) -> BaseException | None:
    """Return the exception in the `exc_info` of a log call, in any of its forms."""
    if exc_info is None or exc_info is False:
        return None
    found = exc_info if is_error(exc_info) else sys.exc_info()[1]
    if type(exc_info) is tuple and len(exc_info) == 3:
        found = exc_info[1]
    return found if is_error(found) else None
