"""What a chart shows, without saying how it is drawn."""

from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.record import Record


class Point(Record):
    """One value at one time."""

    at: AwareDatetime
    value: float


class ChartLine(Record):
    """A named row of points, oldest first."""

    name: str
    points: tuple[Point, ...]


class Mark(Record):
    """A moment worth a vertical line, across which none is joined: a deploy, a merge."""

    at: AwareDatetime
    text: str


class TimeChart(Record):
    """Lines over time, with a threshold and marks. Values are in `unit`: `%`, `ms`, `per minute`.

    As `bars` the lines are columns on top of each other.
    """

    title: str
    unit: str
    lines: tuple[ChartLine, ...] = Field(min_length=1)
    threshold: float | None = None
    marks: tuple[Mark, ...] = ()
    shape: Literal["line", "bars"] = "line"


class Bar(Record):
    """One named value."""

    name: str
    value: float


class BarChart(Record):
    """Named values side by side, the largest first."""

    title: str
    unit: str
    bars: tuple[Bar, ...] = Field(min_length=1)
