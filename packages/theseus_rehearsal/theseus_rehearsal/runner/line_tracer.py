"""Records which lines of the bot's own code run, for programs that search for a fault."""

import os
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

_INSTALLED = ("site-packages", "dist-packages")


class LineTracer:
    """Records the lines of files below `root`, without installed packages."""

    def __init__(self, root: Path) -> None:
        self._prefix = f"{root.resolve()}{os.sep}"
        self._lines: set[tuple[str, int]] = set()

    def begin(self) -> None:
        """Record from now on, in all threads."""
        monitoring: Any = getattr(sys, "monitoring", None)
        if monitoring is None:  # before Python 3.12; slower
            threading.settrace(self._enter)
            sys.settrace(self._enter)
            return
        tool, line = monitoring.COVERAGE_ID, monitoring.events.LINE
        monitoring.use_tool_id(tool, "rehearsal")
        monitoring.register_callback(tool, line, self._record_line)
        monitoring.set_events(tool, line)

    def take(self) -> dict[str, list[int]]:
        """Return the lines that ran since the last call, by the paths of their files."""
        monitoring: Any = getattr(sys, "monitoring", None)
        if monitoring is not None:  # each line was recorded once, and may run again
            monitoring.restart_events()
        found, self._lines = self._lines, set()
        lines: dict[str, list[int]] = {}
        for file, line in sorted(found):
            lines.setdefault(file[len(self._prefix) :], []).append(line)
        return lines

    def _is_own(self, file: str) -> bool:
        return file.startswith(self._prefix) and not any(name in file for name in _INSTALLED)

    def _record_line(self, code: CodeType, line: int) -> Any:
        if self._is_own(code.co_filename):
            self._lines.add((code.co_filename, line))
        monitoring: Any = getattr(sys, "monitoring", None)
        return monitoring.DISABLE

    def _enter(self, frame: FrameType, _event: str, _value: object) -> Any:
        return self._follow if self._is_own(frame.f_code.co_filename) else None

    def _follow(self, frame: FrameType, _event: str, _value: object) -> Any:
        self._lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._follow
