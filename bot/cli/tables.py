"""Tables of records: aligned, coloured and cut to the width on a terminal, whole in a pipe."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.cli.output import get_console
from bot.cli.terminal_text import replace_controls
from bot.presentation.times import format_age
from bot.redaction import redact

_GAP = "  "


class Cell(NamedTuple):
    """A text of one line, and how a terminal shows it, in rich's words: `bold red`."""

    text: str
    style: str = ""


class When(NamedTuple):
    """A time: on a terminal how long ago it was, in a pipe the time itself, in UTC."""

    at: datetime
    now: datetime


Row = Sequence[str | Cell | When]


def print_table(head: Sequence[str], rows: Sequence[Row], console: Console | None = None) -> None:
    """Print rows under a head, which a pipe does without; columns that are empty are left out.

    Secrets and what a terminal would obey are taken out of every cell.
    """
    console = console or get_console()
    for line in render_table(head, rows, for_people=console.is_terminal):
        if console.is_terminal:
            console.print(line, soft_wrap=False, no_wrap=True, overflow="ellipsis")
        else:
            console.print(line)


def print_fields(fields: Iterable[tuple[str, str]]) -> None:
    """Print for a person what there is under each word, wrapped where it is long."""
    grid = Table.grid(padding=(0, 2))
    for word, told in fields:
        grid.add_row(Text(word, "dim"), Text(" ".join(replace_controls(redact(told)).split())))
    get_console().print(grid, soft_wrap=False)


def render_table(head: Sequence[str], rows: Sequence[Row], *, for_people: bool) -> Iterator[Text]:
    """Yield the lines of a table, as long as they are."""
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
        told = format_age(value.at, value.now) if for_people else f"{value.at:%Y-%m-%d %H:%M:%S}"
        return Cell(told, "dim")
    text, style = value if isinstance(value, Cell) else (value, "")
    return Cell(" ".join(replace_controls(redact(text)).split()), style)
