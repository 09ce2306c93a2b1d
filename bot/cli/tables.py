"""Prints tables: aligned, coloured and cut to the width on a terminal, complete in a pipe."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text
from theseus_guard.terminal_text import replace_controls
from theseus_observe.redaction import redact

from bot.cli.output import get_console
from bot.presentation.times import format_age

_GAP = "  "


class Cell(NamedTuple):
    """A text of one line, and its style on a terminal as `rich` names it, such as `bold red`."""

    text: str
    style: str = ""


class When(NamedTuple):
    """A time, shown as an age on a terminal, and as a time in UTC in a pipe."""

    at: datetime
    now: datetime


Row = Sequence[str | Cell | When]


def print_table(head: Sequence[str], rows: Sequence[Row], console: Console | None = None) -> None:
    """Print rows, on a terminal under a head; empty columns are left out.

    Secrets and control characters are removed from every cell.
    """
    console = console or get_console()
    for line in render_table(head, rows, for_people=console.is_terminal):
        if console.is_terminal:
            console.print(line, soft_wrap=False, no_wrap=True, overflow="ellipsis")
        else:
            console.print(line)


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print pairs of a label and a text for a person; long texts are wrapped."""
    grid = Table.grid(padding=(0, 2))
    for label, text in fields:
        grid.add_row(Text(label, "dim"), Text(" ".join(replace_controls(redact(text)).split())))
    get_console().print(grid, soft_wrap=False)


def render_table(head: Sequence[str], rows: Sequence[Row], *, for_people: bool) -> Iterator[Text]:
    """Yield the lines of a table in full length."""
    cells = [[_format_cell(each, for_people=for_people) for each in row] for row in rows]
    used = [at for at, _ in enumerate(head) if any(row[at].text for row in cells)]
    if for_people and used:
        cells.insert(0, [Cell(name.upper(), "dim") for name in head])
    widths = {at: max(cell_len(row[at].text) for row in cells) for at in used}
    for row in cells:
        line = Text()
        for at in used:
            text, style = row[at]
            line.append(text, style or None)
            if at != used[-1]:
                line.append(" " * (widths[at] - cell_len(text)) + _GAP)
        line.rstrip()
        yield line


def _format_cell(value: str | Cell | When, *, for_people: bool) -> Cell:
    if isinstance(value, When):
        text = format_age(value.at, value.now) if for_people else f"{value.at:%Y-%m-%d %H:%M:%S}"
        return Cell(text, "dim")
    text, style = value if isinstance(value, Cell) else (value, "")
    return Cell(" ".join(replace_controls(redact(text)).split()), style)
