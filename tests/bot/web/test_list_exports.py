"""Exports of the lists: with the page's filters and rights, redacted, safe in a spreadsheet."""

import csv
import io
import json

import pytest

from bot.authority.policy import Act
from bot.domain.audit import AuditEntry
from bot.domain.memory import Memory
from bot.domain.people import Person
from bot.domain.run import Status
from bot.web._list_exports import MOST_ROWS
from tests.bot.web.test_pages import SECRET
from tests.bot.web.web_server import TOKEN, Room, bearer
from tests.fakes.fake_memory import FakeMemory

HOSTILE = f'=HYPERLINK("http://evil.example"),\r\n"x" {SECRET}\x1b[2J'


@pytest.fixture
async def room() -> Room:
    """Return a room whose every list has one hostile text."""
    room = Room()
    room.add_run("k7m2xq", subject=HOSTILE, text=HOSTILE)
    room.add_run("done11", status=Status.DONE)
    room.add_incident(title=HOSTILE)
    await room.store.append_audit_entry(
        AuditEntry(
            at=room.clock.now(), action=Act.ASK, allowed=False, note=HOSTILE,
            person=Person(id=1, name="=1+1"),
        )
    )  # fmt: skip
    memory = FakeMemory()
    await memory.remember(Memory(key="n", kind="note", text=HOSTILE, at=room.clock.now()))
    room.without(memory=memory)
    return room


@pytest.mark.parametrize("what", ["runs", "incidents", "audit", "memory"])
async def test_an_export_is_redacted_and_runs_nothing_in_a_spreadsheet(
    room: Room, what: str
) -> None:
    async with room.serving() as client:
        sheet = await client.get(f"/export/{what}?format=csv")
        lines = await client.get(f"/export/{what}?format=ndjson")
    assert sheet.headers["Content-Disposition"] == f'attachment; filename="{what}.csv"'
    rows = list(csv.DictReader(io.StringIO(sheet.text, newline="")))
    records = [json.loads(line) for line in lines.text.splitlines()]
    assert len(rows) == len(records) > 0
    assert any(value.startswith("'=") for row in rows for value in row.values())
    assert not any(value.startswith("=") for row in rows for value in row.values())
    for text in (sheet.text, lines.text):
        assert SECRET not in text
        assert "\x1b" not in text


async def test_an_export_has_the_filters_of_its_page(room: Room) -> None:
    async with room.serving() as client:
        page = (await client.get("/runs?show=done")).text
        assert 'href="/export/runs?show=done&amp;format=csv"' in page
        lines = (await client.get("/export/runs?show=done&format=ndjson")).text
    assert [json.loads(line)["id"] for line in lines.splitlines()] == ["done11"]


async def test_an_export_needs_what_its_page_needs(room: Room) -> None:
    async with room.serving(token=TOKEN) as client:
        for what in ("runs", "incidents", "audit", "memory"):
            assert (await client.get(f"/export/{what}")).status == 401
            assert (await client.get(f"/export/{what}", headers=bearer())).status == 200
        for wrong in ("/export/people", "/export/runs?format=xlsx"):
            assert (await client.get(wrong, headers=bearer())).status in (400, 404)


async def test_an_export_says_when_there_is_more() -> None:
    room = Room()
    for number in range(MOST_ROWS + 1):
        room.add_run(f"r{number:05}")
    async with room.serving() as client:
        lines = (await client.get("/export/runs")).text.splitlines()
    assert len(lines) == MOST_ROWS + 1
    assert "narrow the search" in json.loads(lines[-1])["id"]
