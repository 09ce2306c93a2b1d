"""Notes which lines of some files run. It imports the standard library alone: tests use it too."""

import os
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import FrameType
from typing import Any

Note = Callable[[FrameType, str, Any], Any]


class LineTrace:
    """Traces this thread and later ones; in other files each call of a function costs a little."""

    def __init__(self, tree: Path, files: Iterable[str]) -> None:
        root = os.path.realpath(tree)
        self._lines: dict[str, set[int]] = {name: set() for name in files}
        self._names = {f"{root}{os.sep}{name}": name for name in self._lines}
        self._known: dict[str, Note | None] = {}  # by the file name of a code object

    def start(self) -> None:
        """Trace from now on."""
        threading.settrace(self._enter)
        sys.settrace(self._enter)

    def stop(self) -> dict[str, list[int]]:
        """Trace no longer; return the lines that ran, by file."""
        sys.settrace(None)
        threading.settrace(None)
        # The start of a module has no line: it is reported as 0 or `None`.
        found = {name: sorted(filter(None, lines)) for name, lines in self._lines.items()}
        return {name: lines for name, lines in found.items() if lines}

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Note | None:
        file = frame.f_code.co_filename
        if file not in self._known:
            name = self._names.get(os.path.realpath(file))
            self._known[file] = self._build_note(self._lines[name]) if name else None
        note = self._known[file]
        if note is not None:
            note(frame, event, argument)
        return note

    def _build_note(self, lines: "set[int]") -> Note:
        def note(frame: FrameType, _event: str, _argument: Any) -> Any:
            lines.add(frame.f_lineno)
            return note

        return note
