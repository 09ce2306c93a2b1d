"""Lists can be searched and turned over, figures fail part by part, and errors say what to do."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.audit import AuditEntry
from bot.domain.errors import JournalError, StoreError
from bot.domain.journal import Action, ActionOutcome, Capsule, Frame, Kind
from bot.domain.people import Person
from bot.domain.record_search import RunSummary
from bot.domain.run import Stage, Status, Waiting
from bot.domain.shipped_fix import ShippedFix
from bot.web._incident_chart import build_incident_chart
from tests.bot.web.test_pages import checked
from tests.bot.web.web_server import TOKEN, Room
from tests.fakes.fake_journal import FakeJournal
from tests.support.dashboard_harness import open_dashboard

HTML = {"Accept": "text/html"}
QUERIES = (
    "' OR 1=1 --", "%", '"><script>alert(1)</script>', "../../etc/passwd", "\x00", "{{7*7}}",
    "javascript:alert(1)", "ghp_" + "a1B2" * 9,
)  # fmt: skip


class BrokenJournal(FakeJournal):
    """Cannot be read."""

    async def count_actions(self, **_: object) -> list[object]:  # type: ignore[override]
        """Say so."""
        raise JournalError("The journal cannot be read: no space.")


async def test_the_overview_shows_what_is_kept(tmp_path: Path) -> None:
    async with open_dashboard(tmp_path) as world, world.room.serving() as client:
        page = checked((await client.get("/?span=30d")).text)
        for said in (
            "Went live", "Held", "Autonomy rate", "Time to live", "Runs by outcome",
            "actions failed", "the daily cap is $4.00", "Waiting for “ship it”", "by start time",
        ):  # fmt: skip
            assert said in page.read, said
        figures = [each for name, each in page.found if name == "figure"]
        assert [each["data-shape"] for each in figures] == ["stacked", "lines", "lines", "stacked"]
        assert len([1 for name, _ in page.found if name == "data"]) > 100


@pytest.mark.parametrize("span", ["", "24h", "7d", "90d", "nonsense", "<b>"])
async def test_every_span_can_be_looked_at_and_none_is_made_up(span: str) -> None:
    room = Room()
    room.add_run()
    async with room.serving() as client:
        page = await client.get("/", params={"span": span})
        marked = span if span in ("7d", "90d") else "24h"
        assert f'href="/?span={marked}" aria-current="true"' in page.text


async def test_a_part_that_cannot_be_read_says_so_and_the_rest_is_shown() -> None:
    room = Room()
    room.add_incident()
    room.search.broken = StoreError("the disk is full")
    room.without(journal=BrokenJournal())
    async with room.serving() as client:
        page = await client.get("/", headers=HTML)
    assert page.status == 200
    shown = checked(page.text).read
    assert "What runs did cannot be read now. the disk is full" in shown
    assert "What people did cannot be read now. The journal cannot be read: no space." in shown
    assert "/roll fails" in shown


async def test_runs_are_narrowed_by_words_state_and_kind() -> None:
    room = Room()
    room.add_run("aaaa11", subject="the poll embed", text="x")
    room.add_run("bbbb22", status=Status.WAITING, waiting=Waiting.APPROVAL, stage=Stage.SHIP)
    async with room.serving() as client:
        for query, shown in (
            ("", {"aaaa11", "bbbb22"}), ("?show=waiting", {"bbbb22"}), ("?show=active", {"aaaa11"}),
            ("?q=POLL", {"aaaa11"}), ("?goal=revert", set()),
            ("?show=%3Cb%3E", {"aaaa11", "bbbb22"}),
        ):  # fmt: skip
            page = (await client.get(f"/runs{query}")).text
            assert {name for name in ("aaaa11", "bbbb22") if f"/runs/{name}" in page} == shown
        assert "Waiting for “ship it”" in (await client.get("/runs")).text


async def test_the_audit_log_is_searched_and_turned_over() -> None:
    room = Room()
    for number in range(120):
        person = Person(id=number % 2 + 5, name=("ada", "bob")[number % 2])
        at = room.clock.now() - timedelta(days=number)
        room.store.audits.insert(
            0, AuditEntry(at=at, action="ship", allowed=number > 0, person=person, how="text")
        )
    async with room.serving() as client:
        first = (await client.get("/audit?person=ada&since=90d")).text
        assert 'href="/audit?person=ada&amp;since=90d&amp;page=2"' not in first
        assert "bob" not in checked(first).read
        second = await client.get("/audit?page=2")
        assert 'rel="prev"' in second.text
        assert 'rel="next"' in second.text
        refused = checked((await client.get("/audit?result=refused")).text)
        assert refused.read.count("Ship a change") == 2  # the entry, and the choice
        assert "No entry matches" in (await client.get("/audit?page=999")).text


@pytest.mark.parametrize("query", QUERIES)
async def test_whatever_is_looked_for_is_data(query: str) -> None:
    room = Room()
    room.add_run()
    async with room.serving() as client:
        for path in (
            "/runs",
            "/audit",
            "/memory",
            "/?span=7d",
            "/incidents",
            "/journal",
            "/search",
        ):
            fields = {"q": query, "person": query, "act": query, "page": query, "kind": query}
            answer = await client.get(path, params=fields)
            assert answer.status == 200
            checked(answer.text)
            assert "ghp_a1B2" not in answer.text


@pytest.mark.parametrize(
    "path", ["/runs?q=", "/audit?person=", "/audit?act=", "/memory?q=", "/runs?page=99999&q="]
)
async def test_a_question_that_is_too_long_is_refused_in_words(path: str) -> None:
    async with Room().serving() as client:
        answer = await client.get(path + "a" * 201, headers=HTML)
        assert answer.status == 400
        assert "Go back and change your request" in answer.text


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/runs/nobody", 404, "removed because it is old"),
        ("/incidents/nobody", 404, "removed because it is old"),
        ("/nothing", 404, "Page not found"),
        ("/runs/..%2f..%2fetc", 404, "Page not found"),
    ],
)
async def test_an_error_is_a_page_for_people_and_a_line_for_programs(
    path: str, status: int, said: str
) -> None:
    async with Room().serving() as client:
        page = await client.get(path, headers=HTML)
        assert (page.status, said in checked(page.text).read) == (status, True)
        line = await client.get(path)
        assert (line.status, line.text.startswith(f"{status} ")) == (status, True)


async def test_a_store_that_cannot_be_read_is_told_with_what_to_do() -> None:
    room = Room()
    room.search.broken = StoreError("the disk is full")
    async with room.serving() as client:
        page = await client.get("/audit", headers=HTML)
    assert page.status == 503
    shown = checked(page.text)
    assert "The disk is full" in shown.read
    assert "theseus doctor" in shown.read
    assert ("a", {"href": "/audit"}) in shown.found


async def test_who_may_not_look_sees_no_page_of_it() -> None:
    async with Room().serving(token=TOKEN) as client:
        page = await client.get("/nothing", headers=HTML)
        assert (page.status, "/audit" in page.text) == (404, False)
        assert (await client.get("/audit", headers=HTML)).headers[
            "Location"
        ] == "/login?next=%2Faudit"


async def test_an_incident_page_shows_where_it_fails_its_fix_and_what_came_live() -> None:
    room = Room()
    now = room.clock.now()
    frames = (
        Frame(file="cogs/dice.py", line=12, function="roll"),
        Frame(file="cogs/dice.py", line=88, function="face"),
    )
    failure = Capsule(
        exception="IndexError", message="the private dice of Ada", fingerprint="f1", frames=frames
    )
    failed = Action(
        ts=now, id="a1", event="command.roll", kind=Kind.COMMAND, name="roll",
        outcome=ActionOutcome.ERROR, error=failure,
    )  # fmt: skip
    anomaly = Anomaly(
        rule=Rule.REPEATED_ERROR, event="command.roll", fingerprint="f1", at=now, value=3,
        threshold=3, volume=9, evidence=("gone", "a1"),
    )  # fmt: skip
    fix = ShippedFix(
        run_id="k7m2xq", number=7, fingerprint="f1", event="command.roll",
        merge_commit="5d1f0c9e5d1f0c9e", merged_at=now, live_at=now,
    )  # fmt: skip
    room.add_incident(anomalies=(anomaly,), fingerprint="f1", fix=fix)
    room.without(journal=FakeJournal([failed]))
    async with room.serving() as client:
        page = checked((await client.get("/incidents/q2w3e4", headers=HTML)).text)

    for said in (
        "IndexError", "cogs/dice.py:12 in roll", "cogs/dice.py:88 in face", "5d1f0c9e5d1f",
        "Fix is live and being watched",
    ):  # fmt: skip
        assert said in page.read, said
    assert "the private dice" not in page.read


def test_a_change_that_came_live_is_marked_in_an_incidents_chart() -> None:
    room = Room()
    now = room.clock.now()
    incident = room.add_incident()
    run = RunSummary("k7m2xq", "fix", Status.DONE, "person", "dice", now - timedelta(days=3), now)
    live = run._replace(number=7, live_at=now - timedelta(minutes=5))
    early = run._replace(number=6, live_at=now - timedelta(days=2))

    chart = build_incident_chart(incident, [], [live, early, run], now - timedelta(hours=1), now)

    assert [(mark.label, mark.href) for mark in chart.marks] == [("#7 dice", "/runs/k7m2xq")]
