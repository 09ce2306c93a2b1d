"""Shows progress on standard error: a bar on a terminal, otherwise a line every ten seconds."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bot.cli.output import print_error

LINE_SECONDS = 10.0
"""The shortest time between two lines, without a terminal."""


class OnProgress(Protocol):
    """Receives the number done, the total (`None` if unknown), and a name for the current item."""

    def __call__(self, done: int, total: int | None, doing: str = "") -> None: ...


@contextmanager
def show_progress(
    what: str,
    *,
    console: Console | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    say: Callable[[str], None] = print_error,
) -> Iterator[OnProgress]:
    """Yield a callback for the progress of `what`; a bar disappears at the end.

    Without a terminal, work of less than ten seconds prints nothing.
    """
    console = console or Console(file=sys.stderr)
    if not console.is_terminal:
        yield _Lines(what, monotonic, say)
        return
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(),
        TextColumn("{task.fields[text]}", markup=False), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None, text="")

        def update(done: int, total: int | None, doing: str = "") -> None:
            bar.update(task, completed=done, total=total, text=_format_progress(done, total, doing))

        yield update


class _Lines:
    def __init__(
        self, what: str, monotonic: Callable[[], float], say: Callable[[str], None]
    ) -> None:
        self._what = what
        self._monotonic = monotonic
        self._say = say
        self._reported_at = monotonic()

    def __call__(self, done: int, total: int | None, doing: str = "") -> None:
        if self._monotonic() - self._reported_at >= LINE_SECONDS:
            self._reported_at = self._monotonic()
            self._say(f"{self._what}: {_format_progress(done, total, doing)}")


def _format_progress(done: int, total: int | None, doing: str) -> str:
    """Return the progress as text, such as `3 of 12, journal`."""
    count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
    return f"{count}, {doing}" if doing else count
