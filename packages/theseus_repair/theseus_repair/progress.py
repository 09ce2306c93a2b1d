"""Shows the progress of a repair on a terminal's standard error; the line disappears at the end."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.text import Text

from theseus_repair.model import Candidate
from theseus_repair.search import SearchProgress

BEGINNING = "running the tests as they are"


class RepairProgress:
    """Implements `theseus_repair.search.OnProgress` for a search of at most `seconds`.

    It prints nothing unless it is `visible` and standard error is a terminal.
    """

    def __init__(
        self,
        seconds: float,
        *,
        visible: bool,
        console: Console | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console or Console(file=sys.stderr)
        self._is_visible = visible and self._console.is_terminal
        self._seconds, self._monotonic = seconds, monotonic
        self._bar: Progress | None = None
        self._line = _Line(0.0, monotonic)
        self.found = FoundSoFar()

    def show(self) -> None:
        """Show the line and start the countdown, unless it is shown already."""
        if not self._is_visible or self._bar is not None:
            return
        self._line = _Line(self._monotonic() + self._seconds, self._monotonic)
        self._bar = Progress(
            self._line, console=self._console, transient=True, refresh_per_second=4
        )
        self._bar.add_task("repair")
        self._bar.start()

    def __call__(self, search: SearchProgress) -> None:
        """Show the progress of the search."""
        self.found = self.found.add(search)
        self.show()
        self._line.text = format_progress(search)

    def hide(self) -> None:
        """Remove the line. The next progress shows it again, with a new countdown."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = None


def format_progress(search: SearchProgress) -> str:
    """Return the progress as text, such as `34 of 210 edits tried, 2 make the tests pass`."""
    tried = f"{search.tried:,} of {search.proposed:,} edits tried"
    if not search.passing:
        return tried
    return f"{tried}, {search.passing} {'makes' if search.passing == 1 else 'make'} the tests pass"


@dataclass(frozen=True, slots=True)
class FoundSoFar:
    """The progress of the latest search, and the best passing edit of all searches."""

    search: SearchProgress | None = None
    best: Candidate | None = None

    def add(self, search: SearchProgress) -> "FoundSoFar":
        """Return a copy updated with the latest progress."""
        passed = search.latest.candidate if search.latest.judgement.is_passing else None
        better = passed and (self.best is None or passed.rank > self.best.rank)
        return FoundSoFar(search, passed if better else self.best)


def format_interruption(found: FoundSoFar) -> str:
    """Return what was found before the interruption."""
    if found.search is None:
        return f"Interrupted while {BEGINNING}. No file was changed."
    text = f"Interrupted: {format_progress(found.search)}. "
    if found.best is not None:
        where = f"{found.best.path}:{found.best.line}"
        text += f"Best passing edit, not confirmed: {found.best.why} ({where}). "
    return f"{text}No file was changed."


class _Line(ProgressColumn):
    """The only column; it counts the remaining seconds down between progress reports."""

    def __init__(self, until: float, monotonic: Callable[[], float]) -> None:
        super().__init__()
        self.text = BEGINNING
        self._until, self._monotonic = until, monotonic

    def render(self, task: Task) -> Text:
        """Return the current line."""
        left = max(0.0, self._until - self._monotonic())
        return Text(f"{self.text}, {left:.0f} s left at most", no_wrap=True, overflow="ellipsis")
