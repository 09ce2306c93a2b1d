"""How far something long is, on standard error: a bar on a terminal, else a line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bot.cli.output import print_error

LINE_SECONDS = 10.0
"""Where there is no terminal: how long nothing is said at least."""


class OnProgress(Protocol):
    """Takes how many are done, of how many (`None`: nobody knows), and what is done now."""

    def __call__(self, done: int, total: int | None, doing: str = "") -> None: ...


@contextmanager
def show_progress(
    what: str,
    *,
    console: Console | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    say: Callable[[str], None] = print_error,
) -> Iterator[OnProgress]:
    """Lend what is to be told how far it is; a bar is gone at the end.

    What ends soon says nothing where there is no terminal.
    """
    console = console or Console(file=sys.stderr)
    if not console.is_terminal:
        yield _Lines(what, monotonic, say)
        return
    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(),
        TextColumn("{task.fields[told]}", markup=False), TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=None, told="")

        def update(done: int, total: int | None, doing: str = "") -> None:
            bar.update(task, completed=done, total=total, told=_format_progress(done, total, doing))

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
    """Return `3 of 12, journal`."""
    count = f"{done:,}" if total is None else f"{done:,} of {total:,}"
    return f"{count}, {doing}" if doing else count
