"""The child: reads one chart as JSON from standard input, writes a PNG to standard output.

It is started by its path in isolated mode, with only the standard library and matplotlib.
"""

import io
import json
import math
import sys
from bisect import bisect
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import groupby, pairwise
from typing import Any

MISSING = 3  # exit code if matplotlib is not installed

_SIZE, _DPI = (8.0, 3.6), 100  # 800 x 360 pixels
_BACK, _INK, _FAINT, _GRID = "#2b2d31", "#dbdee1", "#a3a6ad", "#3f4147"
_COLOURS = ("#6d9eff", "#f2a65a", "#58c79b", "#d782d9", "#e8d35b", "#8ea0b3")
_ALARM, _MARK = "#f2666b", "#949ba4"
_MOST_LINES, _MOST_BARS, _MOST_MARKS, _MOST_COLUMNS = 6, 10, 40, 12
_DAY = 86_400.0
_LARGEST = 1e15
_EARLIEST = datetime(1971, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(9000, 1, 1, tzinfo=UTC).timestamp()
_STYLE = {
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": _INK,
    "axes.edgecolor": _GRID,
    "axes.facecolor": _BACK,
    "axes.labelcolor": _FAINT,
    "axes.unicode_minus": False,
    "xtick.color": _FAINT,
    "ytick.color": _FAINT,
    "figure.facecolor": _BACK,
    "savefig.facecolor": _BACK,
}

Words = Callable[[str, int], str]
Points = list[tuple[float, float]]


def main() -> int:
    """Draw the chart from standard input; return the exit code."""
    chart = json.load(sys.stdin)
    try:
        import matplotlib as mpl
    except ImportError:
        return MISSING
    mpl.use("Agg")
    settings: Any = mpl.rcParams
    settings.update(_STYLE)
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, dpi=_DPI)
    axes = figure.add_axes((0.075, 0.12, 0.885, 0.72))
    shorten = _build_shortener()
    if "bars" in chart:
        _draw_bars(axes, chart, shorten)
    else:
        _draw_time_chart(axes, chart, shorten)
    _draw_title(figure, chart["title"], shorten)
    png = io.BytesIO()
    figure.savefig(png, format="png")
    sys.stdout.buffer.write(png.getvalue())
    return 0


def _draw_title(figure: Any, text: str, shorten: Words) -> None:
    """Draw the title above the chart, shortened to the width of the picture."""
    limit = 90
    label = figure.text(0.02, 0.945, shorten(text, limit), size=12, weight="bold", va="center")
    while limit > 10 and label.get_window_extent().x1 > _SIZE[0] * _DPI * 0.98:
        limit -= 4
        label.set_text(shorten(text, limit))


def _build_shortener() -> Words:
    """Return a function that makes a text one line of printable letters, of limited length."""
    from matplotlib.font_manager import findfont, get_font

    charmap = get_font(findfont("DejaVu Sans")).get_charmap()

    def shorten(text: str, limit: int) -> str:
        flat = " ".join(text[: limit * 4].split())
        marked = "".join(letter if ord(letter) in charmap else "\0" for letter in flat)
        pieces = [piece for piece in marked.split("\0") if piece]
        result = "□".join(pieces).strip() or "□" * ("\0" in marked)
        return result if len(result) <= limit else result[: limit - 1] + "…"

    return shorten


def _draw_time_chart(axes: Any, chart: dict[str, Any], shorten: Words) -> None:
    lines = [(shorten(name, 40), _select_finite(points)) for name, points in chart["lines"]]
    lines = [(name, points) for name, points in lines if points][:_MOST_LINES]
    times = sorted({at for _, points in lines for at, _ in points})
    if not times:
        axes.set_axis_off()
        axes.text(0.5, 0.5, "nothing to show", color=_FAINT, ha="center", transform=axes.transAxes)
        return
    if chart["shape"] == "bars":
        width = _measure_width(times)
        last = times[-1] + width / 2
        _draw_time_axis(axes, min(times[0] - width / 2, last - 6 * width), last, columns=times)
        lowest, highest = _draw_stack(axes, lines, width * 0.8)
    else:
        alone = 1800 if len(times) == 1 else 0
        _draw_time_axis(axes, times[0] - alone, times[-1] + alone)
        lowest, highest = _draw_lines(axes, lines, sorted(at for at, _ in chart["marks"]))
    threshold, unit = chart["threshold"], shorten(chart["unit"], 20)
    if threshold is not None and not (math.isfinite(threshold) and abs(threshold) <= _LARGEST):
        threshold = None
    if threshold is not None:
        highest = max(highest, threshold)
        _draw_threshold(axes, threshold, unit)
    _draw_value_axis(axes, lowest, highest * (1.3 if len(lines) > 1 else 1.15), unit)
    _draw_marks(axes, chart["marks"], shorten)
    if len(lines) > 1:
        style = {"fontsize": 8.5, "handlelength": 1.1, "columnspacing": 1.4}
        axes.legend(loc="upper left", ncols=6, frameon=False, borderaxespad=0.2, **style)


def _select_finite(points: Sequence[Sequence[float | None]]) -> Points:
    """Return the points that can be drawn, oldest first."""
    return sorted(
        (at, max(-_LARGEST, min(value, _LARGEST)))
        for at, value in points
        if at is not None and value is not None and math.isfinite(value)
        if _EARLIEST <= at <= _LATEST
    )


def _measure_width(times: Sequence[float]) -> float:
    """Return the seconds between columns; times must be distinct and sorted."""
    return min((after - before for before, after in pairwise(times)), default=300.0)


def split_line(points: Points, marks: Sequence[float]) -> list[Points]:
    """Return a line cut at each mark, because the values after a mark belong to other code."""
    return [list(piece) for _, piece in groupby(points, lambda point: bisect(marks, point[0]))]


def _draw_lines(
    axes: Any, lines: list[tuple[str, Points]], marks: Sequence[float]
) -> tuple[float, float]:
    """Draw the lines; return the lowest and the highest value."""
    for (name, points), colour in zip(lines, _COLOURS, strict=False):
        for number, piece in enumerate(split_line(points, marks)):
            look = {"color": colour, "marker": "o" if len(piece) == 1 else None, "linewidth": 1.8}
            xs, ys = zip(*piece, strict=True)
            axes.plot(xs, ys, label=name if number == 0 else None, zorder=3, **look)
            if len(lines) == 1:
                axes.fill_between(xs, ys, color=colour, alpha=0.12, linewidth=0, zorder=2)
    values = [value for _, points in lines for _, value in points]
    return min(values), max(values)


def _draw_stack(axes: Any, lines: list[tuple[str, Points]], width: float) -> tuple[float, float]:
    """Draw stacked columns; return the lowest and the highest total."""
    tops: dict[float, float] = {}
    for number, (name, points) in enumerate(lines):
        xs, ys = zip(*points, strict=True)
        below = [tops.get(at, 0.0) for at in xs]
        axes.bar(xs, ys, width, bottom=below, color=_COLOURS[number], label=name, zorder=3)
        for at, value in points:
            tops[at] = tops.get(at, 0.0) + value
    return min(tops.values()), max(tops.values())


def _draw_time_axis(
    axes: Any, first: float, last: float, columns: Sequence[float] | None = None
) -> None:
    """Label the axis with UTC times: under each column if there are few, else at round times."""
    axes.set_xlim(first, last)
    step = _choose_step(last - first)
    if columns is not None and len(columns) <= _MOST_COLUMNS:
        ticks = list(columns)
        step = max(step, _measure_width(ticks))
    else:
        ticks = _list_round_times(first, last, step)
    days = last - first > _DAY
    axes.set_xticks(ticks, [_format_time(at, step, days=days) for at in ticks])
    axes.tick_params(axis="both", length=0, pad=6)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.figure.text(0.96, 0.015, "UTC", color=_FAINT, size=7, ha="right")


def _list_round_times(first: float, last: float, step: float) -> list[float]:
    midnight = datetime.fromtimestamp(first, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight.timestamp()
    skipped = math.ceil((first - begin) / step)
    return [
        begin + number * step for number in range(skipped, math.floor((last - begin) / step) + 1)
    ]


_STEPS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200,
    86_400, 172_800, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000,
)  # fmt: skip


def _choose_step(span: float) -> float:
    """Return the seconds between ticks, for at most nine ticks."""
    return next((step for step in _STEPS if span / step <= 8), max(span / 8, 1.0))


def _format_time(at: float, step: float, *, days: bool) -> str:
    when = datetime.fromtimestamp(at, UTC)
    if step >= 30 * _DAY:
        return f"{when:%b %Y}"
    if step >= _DAY or (days and (when.hour, when.minute) == (0, 0)):
        return f"{when.day} {when:%b}"
    return f"{when:%H:%M}" if step >= 60 else f"{when:%H:%M:%S}"


def _draw_value_axis(axes: Any, lowest: float, highest: float, unit: str) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axes.set_ylim(min(0.0, lowest), highest if highest > 0 else 1.0)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=highest > 4, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _format_number(value)))
    axes.grid(visible=True, axis="y", color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    x, side = (-0.012, "right") if len(unit) <= 4 else (-0.06, "left")
    axes.text(x, 1.04, unit, transform=axes.transAxes, color=_FAINT, size=9, ha=side, va="bottom")


def _format_number(value: float) -> str:
    for limit, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e5, "k")):
        if abs(value) >= limit:
            return f"{value / (1e3 if letter == 'k' else limit):.4g}{letter}"
    return f"{value:,.6g}"


def _format_value(value: float, unit: str) -> str:
    return f"${value:,.2f}" if unit == "$" else f"{_format_number(value)} {unit}".strip()


def _draw_threshold(axes: Any, threshold: float, unit: str) -> None:
    axes.axhline(threshold, color=_ALARM, linewidth=1.2, linestyle=(0, (5, 3)), zorder=4)
    axes.annotate(
        f"threshold {_format_value(threshold, unit)}", (0, threshold), (6, 3),
        xycoords=axes.get_yaxis_transform(), textcoords="offset points",
        color=_ALARM, size=8.5, ha="left", va="bottom", zorder=6,
        bbox={"facecolor": _BACK, "alpha": 0.8, "linewidth": 0, "pad": 1.5},
    )  # fmt: skip


def _draw_marks(axes: Any, marks: list[Any], shorten: Words) -> None:
    """Draw thin vertical lines; a text is left out if it would overlap the previous one."""
    first, last = axes.get_xlim()
    free = -1.0
    inside = sorted((at, text) for at, text in marks if first <= at <= last)
    for at, text in inside[:_MOST_MARKS]:
        axes.axvline(at, color=_MARK, linewidth=0.9, zorder=2.5)
        label = shorten(text, 24)
        position, room = (at - first) / (last - first), len(label) * 0.0085 + 0.012
        begins = position if position + room <= 1 else position - room
        if begins >= free:
            side = ("left", 4) if begins == position else ("right", -4)
            axes.annotate(
                label, (at, 1), (side[1], 2), xycoords=axes.get_xaxis_transform(),
                textcoords="offset points", color=_MARK, size=8, ha=side[0], va="bottom",
            )  # fmt: skip
            free = max(begins + room, position)


def _draw_bars(axes: Any, chart: dict[str, Any], shorten: Words) -> None:
    all_bars = [
        (shorten(name, 34), max(-_LARGEST, min(value, _LARGEST)))
        for name, value in chart["bars"]
        if value is not None and math.isfinite(value)
    ]
    all_bars.sort(key=lambda bar: -bar[1])
    bars, left_out = all_bars[:_MOST_BARS], len(all_bars) - _MOST_BARS
    values = [value for _, value in bars]
    positions = range(len(bars))
    axes.set_position((0.3, 0.06, 0.58, 0.8))
    axes.barh(positions, values, 0.62, color=_COLOURS[0])
    axes.set_yticks(positions, [name for name, _ in bars], color=_INK)
    axes.set_ylim(max(len(bars), 6) - 0.5, -0.5)
    axes.set_xlim(min([0.0, *values]), max([0.0, *values]) or 1.0)
    axes.set_xticks([])
    axes.tick_params(length=0)
    style = {"textcoords": "offset points", "color": _FAINT}
    for position, value in zip(positions, values, strict=True):
        label = _format_value(round(value, 2), shorten(chart["unit"], 12))
        axes.annotate(label, (value, position), (5, 0), va="center", **style)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if left_out > 0:
        label = f"and {left_out} more"
        axes.annotate(label, (0, 0), (4, -2), "axes fraction", va="top", size=8, **style)


if __name__ == "__main__":
    sys.exit(main())
