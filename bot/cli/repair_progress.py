"""How far a repair is: one line on a terminal's standard error, gone at the end."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task
from rich.text import Text

from bot.repair.model import Candidate
from bot.repair.search import SearchProgress

BEGINNING = "running the tests as they are"


class RepairProgress:
    """Implements `bot.repair.search.OnProgress` for a search of so many `seconds`.

    Where it is not to be `shown`, or there is no terminal, nothing is said.
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
        """Show the line; the time begins with it."""
        if not self._is_visible or self._bar is not None:
            return
        self._line = _Line(self._monotonic() + self._seconds, self._monotonic)
        self._bar = Progress(
            self._line, console=self._console, transient=True, refresh_per_second=4
        )
        self._bar.add_task("repair")
        self._bar.start()

    def __call__(self, search: SearchProgress) -> None:
        """Show how far it is."""
        self.found = self.found.add(search)
        self.show()
        self._line.text = format_progress(search)

    def hide(self) -> None:
        """Take it away, until there is more to show: another search, with its own time."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = None


def format_progress(search: SearchProgress) -> str:
    """Return `34 of 210 edits tried, 2 make the tests pass`."""
    tried = f"{search.tried:,} of {search.proposed:,} edits tried"
    if not search.passing:
        return tried
    return f"{tried}, {search.passing} {'makes' if search.passing == 1 else 'make'} the tests pass"


@dataclass(frozen=True, slots=True)
class FoundSoFar:
    """How far the newest search was, and the likeliest edit that passed in any."""

    search: SearchProgress | None = None
    best: Candidate | None = None

    def add(self, search: SearchProgress) -> "FoundSoFar":
        """Return it with what has just been tried."""
        passed = search.latest.candidate if search.latest.judgement.is_passing else None
        better = passed and (self.best is None or passed.rank > self.best.rank)
        return FoundSoFar(search, passed if better else self.best)


def format_interruption(found: FoundSoFar) -> str:
    """Return what was found by the time somebody ended it."""
    if found.search is None:
        return f"Interrupted while {BEGINNING}. Nothing was changed."
    told = f"Interrupted: {format_progress(found.search)}. "
    if found.best is not None:
        where = f"{found.best.path}:{found.best.line}"
        told += f"The likeliest that passes: {found.best.why} ({where}), which is not confirmed. "
    return f"{told}Nothing was changed."


class _Line(ProgressColumn):
    """The one column there is; the seconds left go down while nothing is told."""

    def __init__(self, until: float, monotonic: Callable[[], float]) -> None:
        super().__init__()
        self.text = BEGINNING
        self._until, self._monotonic = until, monotonic

    def render(self, task: Task) -> Text:
        """Return the line as it is now."""
        left = max(0.0, self._until - self._monotonic())
        return Text(f"{self.text}, {left:.0f} s left at most", no_wrap=True, overflow="ellipsis")
