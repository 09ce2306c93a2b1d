"""Keeps our errors out of the bot: they are caught, counted, and written to stderr once."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

from theseus_observe.failures.safe_access import get_traceback, get_type_name, is_error

T = TypeVar("T")
_PACKAGE = __name__.partition(".")[0]


class HookRunner:
    """Runs our code inside of the bot. `errors` is how many calls failed."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self.errors = 0
        self._tell = tell or write_to_stderr
        self._is_reported = False

    def run(self, call: Callable[..., T], *args: object) -> T | None:
        """Return what the call returns; `None` if it raises."""
        try:
            return call(*args)
        except BaseException as error:  # an object of the bot may raise anything
            if _is_interrupt(error):
                raise
            self.note(error)
            return None

    def note(self, error: BaseException) -> None:
        """Count an error of ours, and describe the first one."""
        self.errors += 1
        if not self._is_reported:
            self._is_reported = True
            place = _find_place(error)
            self.tell(f"{get_type_name(type(error))} at {place}; further errors are only counted")

    def tell(self, text: str) -> None:
        """Write a line for the maintainer. A closed stderr is no reason to fail."""
        try:
            self._tell(f"theseus_observe: {text}\n")
        except (OSError, ValueError, AttributeError):
            self._is_reported = True


def write_to_stderr(text: str) -> None:
    """Write to stderr, if there is one."""
    if sys.stderr is not None:
        sys.stderr.write(text)


def _is_interrupt(error: BaseException) -> bool:
    """Return whether a person pressed Ctrl-C meanwhile, rather than an object that raised it."""
    if not is_error(error, KeyboardInterrupt):
        return False
    traceback, module = get_traceback(error), ""
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__"))
        traceback = traceback.tb_next
    return module.partition(".")[0] == _PACKAGE


def _find_place(error: BaseException) -> str:
    """Return the innermost line of this package; the error's own text may quote people."""
    place, traceback = "an unknown place", get_traceback(error)
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__"))
        if module.partition(".")[0] == _PACKAGE:
            place = f"{module}:{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return place
