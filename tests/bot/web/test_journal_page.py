"""The journal as pages: filters, what a record belongs to, the tail, and the export."""

import csv
import io
import json
from datetime import timedelta

import pytest

from bot.domain.journal import Action, ActionOutcome, Capsule, Frame, Kind
from bot.web._journal_page import iterate_rows
from bot.web._journal_search import IncidentIndex, JournalFilter, RecordFinder, parse_cursor
from bot.web._record_export import escape_cell
from tests.bot.web.test_events import reading
from tests.bot.web.test_pages import SECRET, checked
from tests.bot.web.web_server import Room
from tests.fakes.fake_journal import FakeJournal


def make_action(room: Room, number: int, **about: object) -> Action:
    """Return a record; the higher the number, the older."""
    return Action(
        ts=room.clock.now() - timedelta(minutes=number), id=f"r{number:04}", event="command.roll",
        kind=Kind.COMMAND, name="roll", outcome=ActionOutcome.OK, duration_ms=12.0, user="u-ada",
    ).replace(**about)  # fmt: skip


def make_error(message: str) -> Capsule:
    frame = Frame(file="cogs/dice.py", line=7, function="face", arguments={"sides": "'hush'"})
    inputs = {"dice": "'a typed secret'"}
    return Capsule(
        exception="IndexError", message=message, fingerprint="f1", frames=(frame,), inputs=inputs
    )


def fill(room: Room) -> None:
    failed = {"outcome": ActionOutcome.ERROR, "error": make_error("face 0 of 6")}
    task = {"event": "task.deliver", "kind": Kind.TASK, "name": "deliver", "user": None}
    slow = {"outcome": ActionOutcome.TIMEOUT, "event": "model.plan", "kind": Kind.MODEL}
    for each in (
        make_action(room, 1, **failed),
        make_action(room, 2, user="u-bob"),
        make_action(room, 3, **task),
        make_action(room, 4, **slow, name="plan", run_id="k7m2xq"),
        make_action(room, 3000),
    ):
        room.journal.append(each)


NARROWED: tuple[tuple[str, set[int]], ...] = (
    ("", {1, 2, 3, 4, 3000}),
    ("?outcome=failed", {1, 4}),
    ("?outcome=timeout", {4}),
    ("?kind=task", {3}),
    ("?event=/roll", {1, 2, 3000}),
    ("?event=task.deliver", {3}),
    ("?event=LIVER", {3}),
    ("?user=u-bob", {2}),
    ("?run=K7M2XQ", {4}),
    ("?q=indexerror face", {1}),
    ("?q=hush", set()),
    ("?since=24h", {1, 2, 3, 4}),
    ("?from=2020-01-01&to=2020-01-02", set()),
    ("?kind=%3Cb%3E&outcome=nothing", {1, 2, 3, 4, 3000}),
)


async def test_records_are_narrowed_by_each_field() -> None:
    room = Room()
    fill(room)
    async with room.serving() as client:
        for query, shown in NARROWED:
            text = (await client.get(f"/journal{query}")).text
            found = {number for number in (1, 2, 3, 4, 3000) if f"/journal/r{number:04}" in text}
            assert found == shown, query


async def test_a_record_leads_to_its_run_and_to_its_incident() -> None:
    room = Room()
    fill(room)
    room.add_incident(opened_at=room.clock.now() - timedelta(hours=1))
    async with room.serving() as client:
        listed = checked((await client.get("/journal?outcome=failed")).text)
        one = checked((await client.get("/journal/r0001")).text)
        assert (await client.get("/journal/r9999")).status == 404
        assert (await client.get("/journal?from=soon")).status == 400
    hrefs = [attributes.get("href") for _, attributes in listed.found]
    assert hrefs.count("/incidents/q2w3e4") == 1  # the other is no failure of /roll
    assert "/runs/k7m2xq" in hrefs
    assert "cogs/dice.py:7 in face" in one.read
    assert "hush" not in one.read
    assert "typed secret" not in one.read
    assert "/incidents/q2w3e4" in [attributes.get("href") for _, attributes in one.found]


async def test_a_search_goes_on_where_it_ended_and_misses_no_record() -> None:
    """Also where many records are of one moment, and where only some match."""
    room, journal = Room(), FakeJournal()
    for number in range(60):
        user = "u-bob" if number % 3 == 0 else "u-ada"
        journal.append(make_action(room, number // 20, id=f"r{number:04}", user=user))
    search, wanted = RecordFinder(journal), JournalFilter(user="u-bob")
    found: list[str] = []
    page = await search.find(wanted, size=4, most=7)
    pages = 1
    while page.next:
        found += [each.id for each in page.found]
        page = await search.find(wanted, parse_cursor(page.next), size=4, most=7)
        pages += 1
    found += [each.id for each in page.found]
    assert len(found) == len(set(found)) == 20
    assert pages > 8
    late = await search.find(wanted, size=50, seconds=0)
    assert late.compared_to is not None
    batches = [each async for each in search.iterate(JournalFilter(), batch=3)]
    assert len({action.id for batch in batches for action in batch}) == 60


@pytest.mark.parametrize("text", ["", "-", "12", "x-1", "-1-a", "9" * 30 + "-a", "1-" + "a" * 200])
def test_what_is_no_cursor_is_none(text: str) -> None:
    assert parse_cursor(text) is None


# ---------------------------------------------------------------------------------------- export


@pytest.mark.parametrize(
    "cell", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\uff1d1", "|x", "%0"]
)
def test_a_cell_that_a_spreadsheet_would_run_becomes_text(cell: str) -> None:
    assert escape_cell(cell) == f"'{cell}"
    assert escape_cell(-1.5) == -1.5
    assert escape_cell("command.roll") == "command.roll"


async def test_an_export_is_redacted_and_holds_nothing_that_people_typed() -> None:
    room = Room()
    hostile = f'=HYPERLINK("http://evil.example"),\r\n"x" {SECRET}\x1b[2J'
    failed = {"outcome": ActionOutcome.ERROR, "error": make_error(hostile)}
    room.journal.append(make_action(room, 1, **failed))
    room.journal.append(make_action(room, 2))
    async with room.serving() as client:
        sheet = await client.get("/journal/export?format=csv&outcome=failed")
        lines = await client.get("/journal/export?format=ndjson")
        wrong = await client.get("/journal/export?format=xlsx")
    assert sheet.headers["Content-Disposition"] == 'attachment; filename="journal.csv"'
    (row,) = csv.DictReader(io.StringIO(sheet.text, newline=""))
    assert row["message"].startswith("'=HYPERLINK")
    assert (row["duration_ms"], row["user"]) == ("12.0", "u-ada")
    records = [json.loads(line) for line in lines.text.splitlines()]
    assert [each["id"] for each in records] == ["r0001", "r0002"]
    for text in (sheet.text, lines.text):
        assert SECRET not in text
        assert "typed" not in text
        assert "hush" not in text
        assert "\x1b" not in text
    assert (wrong.status, "csv" in wrong.text) == (400, True)


async def test_an_export_ends_at_the_limit_and_says_how_to_go_on() -> None:
    room, journal = Room(), FakeJournal()
    for number in range(5):
        journal.append(make_action(room, number))
    search, index, wanted = RecordFinder(journal), IncidentIndex(()), JournalFilter()
    batches = [each async for each in iterate_rows(search, index, wanted, None, most=3)]
    rows = [row for batch in batches for row in batch]
    assert [row["id"] for row in rows] == ["r0000", "r0001", "r0002", None]
    after = parse_cursor(str(rows[-1]["ts"]).rpartition("before=")[2])
    rest = [row async for some in iterate_rows(search, index, wanted, after) for row in some]
    assert [row["id"] for row in rest] == ["r0003", "r0004"]


# ------------------------------------------------------------------------------------------ tail


async def test_only_who_follows_the_journal_hears_of_each_record() -> None:
    room = Room()
    async with room.serving() as client, reading(client) as other:
        await other.next()
        await client.server.feed.look()
        room.journal.append(make_action(room, 0))
        await client.server.feed.look()
        assert client.server.feed.last == 0
        async with client.http.get(f"{client.url}/events?tail=journal") as answer:
            await answer.content.readuntil(b"\n\n")
            room.journal.append(make_action(room, 0, id="r0002"))
            await client.server.feed.look()
            told = await answer.content.readuntil(b"\n\n")
            assert b'event: journal\ndata: {"records": 1}' in told
        page = await client.get("/journal?live=1")
        assert 'data-tail="journal"' in page.text
