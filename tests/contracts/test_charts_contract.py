"""What every charts port promises, on the fake and on matplotlib."""

import asyncio
import math
import os
import struct
import venv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.matplotlib_charts import MatplotlibCharts
from bot.domain.charts import Bar, BarChart, ChartLine, Mark, Point, TimeChart
from bot.ports.charts import Charts
from tests.fakes.fake_charts import FakeCharts

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOSTILE = "$\\frac{1}{0}$ \\input{/etc/passwd}\x00\n\n 💥 日本語 \ud83d مرحبا " + "x" * 5_000


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where matplotlib keeps its list of fonts, which takes a second to make."""
    return tmp_path_factory.mktemp("matplotlib")


@pytest.fixture(params=["fake", "matplotlib"])
def charts(request: pytest.FixtureRequest, fonts: Path) -> Charts:
    """Return charts that can be drawn."""
    return FakeCharts() if request.param == "fake" else MatplotlibCharts(fonts)


def points(*values: float) -> tuple[Point, ...]:
    return tuple(Point(at=AT + timedelta(minutes=n), value=v) for n, v in enumerate(values))


def rate(name: str) -> TimeChart:
    return TimeChart(
        title=name,
        unit="%",
        lines=(ChartLine(name="failures", points=points(0, 3, 40)),),
        threshold=30,
        marks=(Mark(at=AT + timedelta(minutes=1), text="deploy 3f1c2aa"),),
    )


async def test_a_chart_whatever_it_holds_is_a_png_and_others_look_different(
    charts: Charts, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    strange = TimeChart(
        title=HOSTILE,
        unit=HOSTILE,
        lines=(
            ChartLine(name=HOSTILE, points=points(math.nan, 1e308, -math.inf)),
            ChartLine(name="none", points=()),
            ChartLine(name="long ago", points=(Point(at=datetime(1, 1, 2, tzinfo=UTC), value=1),)),
        ),
        threshold=math.inf,
        marks=tuple(Mark(at=AT + timedelta(minutes=1), text=HOSTILE) for _ in range(200)),
        shape="bars",
    )
    values = (math.nan, 3.0, -1.0)
    bars = tuple(Bar(name=f"{n} {HOSTILE}", value=value) for n, value in enumerate(values))
    beside = BarChart(title="$x$", unit="$", bars=bars)
    drawn = await asyncio.gather(charts.draw(strange), charts.draw(beside))
    assert all(png is not None and png.startswith(b"\x89PNG") for png in drawn)
    assert drawn[0] != drawn[1]
    if isinstance(charts, MatplotlibCharts):
        sizes = [struct.unpack(">II", (png or b"")[16:24]) for png in drawn]
        assert sizes == [(800, 360)] * 2
    assert caplog.records == [], "matplotlib warned of something"


async def test_the_drawing_child_sees_no_secret(
    fonts: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The interpreter is a shell that draws only where it sees no token."""
    monkeypatch.setenv("DISCORD_TOKEN", "hush")
    nosy = fonts / "nosy"
    nosy.write_text('#!/bin/sh\ntest -z "$DISCORD_TOKEN" && printf "\\211PNG of $MPLCONFIGDIR"\n')
    nosy.chmod(0o700)
    png = await MatplotlibCharts(fonts, python=nosy).draw(rate("command.roll"))
    assert png == b"\x89PNG of " + str(fonts).encode()
    assert caplog.records == []


async def test_without_matplotlib_there_is_no_picture_and_it_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    charts = MatplotlibCharts(tmp_path / "cache", python=tmp_path / "bare/bin/python")
    assert await charts.draw(rate("command.roll")) is None
    assert await charts.draw(rate("command.poll")) is None
    assert [record.message for record in caplog.records] == [
        "no chart was drawn: matplotlib is not installed"
    ]


@pytest.mark.parametrize("script", ["echo oh dear >&2; exit 1", "exit 0", "printf text", None])
async def test_a_drawing_that_fails_costs_the_picture_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, script: str | None
) -> None:
    broken = tmp_path / "broken"
    if script is not None:
        broken.write_text(f"#!/bin/sh\n{script}\n")
        broken.chmod(0o700)
    assert await MatplotlibCharts(tmp_path, python=broken).draw(rate("command.roll")) is None
    (record,) = caplog.records
    assert record.message.startswith("no chart was drawn: ")


async def test_who_is_cancelled_leaves_no_child_behind(tmp_path: Path) -> None:
    slow, began = tmp_path / "slow", tmp_path / "began"
    slow.write_text(f"#!/bin/sh\necho $$ > {began}.new; mv {began}.new {began}\nexec sleep 60\n")
    slow.chmod(0o700)
    drawing = asyncio.ensure_future(
        MatplotlibCharts(tmp_path, python=slow).draw(rate("command.roll"))
    )
    async with asyncio.timeout(10):
        while not began.exists():  # noqa: ASYNC110  a program of its own writes it
            await asyncio.sleep(0.01)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    with pytest.raises(ProcessLookupError):
        os.kill(int(began.read_text()), 0)
