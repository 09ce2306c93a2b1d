"""The overview: what needs a person, marks on each chart, trends, and no screen of zeros."""

from datetime import timedelta
from pathlib import Path

from bot.domain.incident import Severity
from bot.domain.run import Stage, Status, Waiting
from bot.web import ChatConnection
from bot.web._overview import Overview
from bot.web._tiles import build_tiles
from bot.web._time_spans import get_span
from tests.bot.web.test_pages import checked
from tests.bot.web.web_server import Room
from tests.support.dashboard_harness import open_dashboard


async def test_a_new_installation_gets_next_steps_and_no_zeros() -> None:
    room = Room()
    room.connection = ChatConnection(ready=False)
    async with room.serving() as client:
        new = checked((await client.get("/")).text)
        room.connection = ChatConnection(ready=True)
        connected = checked((await client.get("/?span=7d")).text)
        room.add_run(created_at=room.clock.now() - timedelta(days=60))
        used = checked((await client.get("/?span=30d")).text)
    assert "Next steps" in new.read
    assert "Done" not in new.read
    assert "Done" in connected.read
    for page in (new, connected):
        names = [name for name, _ in page.found]
        assert "figure" not in names
        assert not [at for _, at in page.found if "tile" in (at.get("class") or "").split()]
        assert "Nothing in" in page.read
    assert "Next steps" not in used.read


async def test_what_needs_a_person_comes_first_the_longest_waiting_before_others() -> None:
    room = Room()
    now = room.clock.now()
    waiting = {"status": Status.WAITING, "waiting": Waiting.APPROVAL, "stage": Stage.SHIP}
    room.add_run("aaaa11", subject="the new one", **waiting)
    room.add_run("bbbb22", subject="the old one", **waiting, updated_at=now - timedelta(days=1))
    room.add_run("cccc33", subject="at work")
    room.add_incident(title="/poll fails")
    room.add_incident("low111", title="/quiet fails", severity=Severity.LOW)
    room.add_incident("run111", title="/taken fails", run_id="cccc33")
    shown = await Overview(room.services).get_figures(get_span("24h"))
    assert [each.title for each in shown.attention] == ["/poll fails", "the old one", "the new one"]


async def test_each_chart_marks_what_went_live_and_what_began(tmp_path: Path) -> None:
    async with open_dashboard(tmp_path) as world:
        shown = await Overview(world.room.services).get_figures(get_span("24h"))
        week = await Overview(world.room.services).get_figures(get_span("7d"))
    assert len(shown.charts) == 4
    for chart in shown.charts:
        assert {mark.tone for mark in chart.marks} == {"deploy", "incident"}
        assert len(chart.rows) == 25  # the same day on each chart
    assert week.figures is not None
    trends = {
        tile.name: tile.trend
        for tile in build_tiles(week.figures, (), 0, get_span("7d"), week.before)
    }
    assert trends["Went live"].startswith(("before: ", "as before"))
    assert trends["Waiting"] == ""
