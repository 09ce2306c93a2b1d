"""The data of a chart, independent of how it is drawn."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record


class Point(Record):
    """One value at one time."""

    at: AwareDatetime
    value: float


class ChartLine(Record):
    """A named series of points, oldest first."""

    name: str
    points: tuple[Point, ...]


class Mark(Record):
    """A time that gets a vertical line, such as a deploy or a merge.

    Lines are not joined across it.
    """

    at: AwareDatetime
    text: str


class TimeChart(Record):
    """Lines over time, with a threshold and marks. Values are in `unit`: `%`, `ms`, `per minute`.

    With shape `bars`, the lines are drawn as stacked columns.
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
