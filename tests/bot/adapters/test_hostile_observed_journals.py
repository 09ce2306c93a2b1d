"""The journal of another bot is read safely, whatever its folder and its records are."""

import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from theseus_observe.redaction import redact

from bot.adapters.ndjson_journal import ObservedFolder, ObservedJournal
from bot.domain.ids import create_sortable_id
from bot.domain.journal import Action, JournalQuery
from bot.domain.samples import ReceivedRecords
from tests.fakes.fake_clock import FakeClock

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TOKEN = "ghp_" + "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uVwXy"


def make_line(*, after: float = 0, error: object = None, **fields: object) -> str:
    at = NOW + timedelta(seconds=after)
    record = {
        "ts": at.isoformat(),
        "id": create_sortable_id(at),
        "event": "command.hi",
        "kind": "command",
        "name": "hi",
        "outcome": "ok" if error is None else "error",
        **({} if error is None else {"error": error}),
    }
    return json.dumps(record | fields) + "\n"


def make_error(**fields: object) -> dict[str, object]:
    return {"exception": "ValueError", "message": "no", "fingerprint": "a1b2c3d4e5f6"} | fields


def make_frame(**fields: object) -> dict[str, object]:
    return {"file": "cogs/hi.py", "line": 3, "function": "Hi.hi", "module": "cogs.hi"} | fields


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "their-bot" / "journal"
    folder.mkdir(parents=True)
    return folder


def make_folder(folder: Path) -> None:
    folder.mkdir()


def open_journal(folder: Path, **options: int) -> ObservedJournal:
    state = folder.parent.parent / "state"
    observed = ObservedFolder(folder, folder.parent)
    limits = {"keep_days": 30} | options
    return ObservedJournal(state, FakeClock(NOW), redact=redact, folder=observed, **limits)


@pytest.fixture
async def journal(folder: Path) -> AsyncIterator[ObservedJournal]:
    async with open_journal(folder) as journal:
        yield journal


def write(folder: Path, *lines: str | bytes, day: str = "2026-11-21") -> Path:
    path = folder / f"{day}.ndjson"
    with path.open("ab") as file:
        for line in lines:
            file.write(line.encode() if isinstance(line, str) else line)
    return path


async def read_names(journal: ObservedJournal) -> list[str]:
    return [each.name for each in await journal.read(JournalQuery())]


async def read_only(journal: ObservedJournal) -> Action:
    (action,) = await journal.read(JournalQuery())
    return action


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1]",
        "null",
        '"text"',
        "[" * 100_000,
        '{"a":' * 50_000,
        '{"ts": 1}',
        "9" * 10_000,
        "\x00\xff",
        make_line(ts="yesterday"),
        make_line(ts="2026-11-21T12:00:00"),
        make_line(ts=1e300),
        make_line(id=7),
        make_line(id="../../../etc/passwd"),
        make_line(name=["hi"]),
        make_line(kind="money"),
        make_line(kind="reload"),
        make_line(kind="run"),
        make_line(outcome="great"),
        make_line(user={"a": 1}),
        make_line(error={"exception": "E"}),
        make_line(error=make_error(frames=[7])),
        make_line(error=make_error(frames=[make_frame(line=-1)])),
        make_line(after=-31 * 86_400),
        make_line(after=2 * 86_400),
        make_line(name="x" * 300_000),
    ],
)
async def test_a_line_that_is_no_record_is_left_out(
    journal: ObservedJournal, folder: Path, line: str
) -> None:
    write(folder, line.rstrip("\n") + "\n", make_line(name="after"))
    assert await read_names(journal) == ["after"]


async def test_records_cannot_claim_work_costs_or_flags(
    journal: ObservedJournal, folder: Path
) -> None:
    claims: dict[str, Any] = {
        "run_id": "k7m2xq",
        "cost_usd": 1e9,
        "agent": "claude",
        "flags": {"coinflip": True},
    }
    odd: dict[str, Any] = {
        "user": "Ada",
        "commit": "HEAD; rm",
        "duration_ms": -1.0,
        "guild_id": -(2**70),
    }
    write(folder, make_line(event="run.ship", **claims, **odd))
    action = await read_only(journal)
    assert action.event == "command.hi"
    assert (action.run_id, action.cost_usd, action.agent, action.flags) == (None, None, None, {})
    assert (action.user, action.commit, action.duration_ms, action.guild_id) == (None,) * 4


async def test_secrets_are_redacted_again_wherever_they_are(
    journal: ObservedJournal, folder: Path
) -> None:
    frames = [
        make_frame(arguments={"a": repr(TOKEN), "b": "1"}),
        make_frame(function=TOKEN),
        make_frame(file=f"{TOKEN}.py"),
        make_frame(module=TOKEN),
    ]
    error = make_error(
        message=f"bad {TOKEN}", inputs={"x": repr(TOKEN)}, frames=frames, kinds=[TOKEN],
        exception=TOKEN, children=[make_error(message=TOKEN)],
    )  # fmt: skip
    write(folder, make_line(name=f"hi {TOKEN}", error=error))
    action = await read_only(journal)
    assert TOKEN not in action.model_dump_json()
    assert action.error is not None
    assert [each.function for each in action.error.frames] == ["Hi.hi", "Hi.hi"]
    stored = [each.read_text() for each in (folder.parent.parent / "state").glob("journal/*")]
    assert len(stored) == 1
    assert TOKEN not in stored[0]


@pytest.mark.parametrize(
    "request_fields",
    [
        {"text": f"!hi {TOKEN}"}, {"values": {"a": repr(TOKEN)}}, {"values": {"a": "f()"}},
        {"chosen": [TOKEN]}, {"text": "!" + "a" * 5_000}, {"roles": ["r"] * 30}, {"hidden": True},
    ],
)  # fmt: skip
async def test_a_request_that_cannot_be_stored_as_it_was_is_hidden(
    journal: ObservedJournal, folder: Path, request_fields: dict[str, object]
) -> None:
    asked = {"way": "typed", "text": "!hi", "prefix": "!", "owner": True}
    write(folder, make_line(request=asked), make_line(after=1, request=asked | request_fields))
    whole, hidden = [each.request for each in await journal.read(JournalQuery())]
    assert whole is not None
    assert (whole.text, whole.prefix, whole.owner) == ("!hi", "!", True)
    assert hidden is not None
    assert hidden.model_dump(exclude_defaults=True) == {
        "way": "typed", "prefix": "!", "hidden": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os').system('id')", "1 # the rest", "1, 2", "1], [2", "(1,\n2)", "x", "",
        "lambda: 0", "f'{x}'", "'" + "a" * 2_000 + "'", "(" * 300, "-" * 900 + "1",
    ],
)  # fmt: skip
async def test_only_literals_get_into_a_test(
    journal: ObservedJournal, folder: Path, source: str
) -> None:
    frame = make_frame(arguments={"a": source, "b": "{'c': 2}", "1; x": "1"})
    write(folder, make_line(error=make_error(frames=[frame], inputs={"a": source, "b": "2"})))
    error = (await read_only(journal)).error
    assert error is not None
    assert error.inputs == {"b": "2"}
    assert error.frames[0].arguments == {"b": "{'c': 2}"}
    assert error.frames[0].opaque == ("a",)


@pytest.mark.parametrize(
    "fields",
    [
        {"file": "/etc/passwd"}, {"file": "../../theseus/.env"}, {"file": "a\\..\\b"},
        {"file": "a\nb"}, {"file": ""}, {"function": "f()\nimport os"}, {"function": ""},
    ],
)  # fmt: skip
async def test_frames_name_files_and_functions_of_the_project(
    journal: ObservedJournal, folder: Path, fields: dict[str, object]
) -> None:
    frames = [make_frame(), make_frame(**fields), make_frame(module="os; x")]
    write(folder, make_line(error=make_error(frames=frames)))
    error = (await read_only(journal)).error
    assert error is not None
    assert [each.file for each in error.frames] == ["cogs/hi.py"] * 2
    assert error.frames[1].module == ""


async def test_a_line_that_is_being_written_is_read_once_it_is_complete(
    journal: ObservedJournal, folder: Path
) -> None:
    line = make_line()
    write(folder, line[:40])
    assert await read_names(journal) == []
    write(folder, line[40:], make_line(name="next"))
    assert await read_names(journal) == ["hi", "next"]


async def test_a_huge_line_is_left_out_and_what_follows_is_read(
    journal: ObservedJournal, folder: Path
) -> None:
    write(folder, make_line(name="before"), b"x" * 3_000_000)
    assert await read_names(journal) == ["before"]
    write(folder, b"x" * 3_000_000, "\n", make_line(name="after"))
    assert await read_names(journal) == ["before", "after"]


async def test_links_pipes_and_folders_are_not_read(journal: ObservedJournal, folder: Path) -> None:
    secret = folder.parent.parent / "2026-11-21.ndjson"
    secret.write_text(make_line(name="of another program"))
    (folder / "2026-11-21.ndjson").symlink_to(secret)
    os.mkfifo(folder / "2026-11-20.ndjson")
    (folder / "2026-11-19.ndjson").mkdir()
    (folder / "notes.txt").write_text(make_line(name="notes"))
    write(folder, make_line(name="plain"), day="2026-11-22")
    assert await read_names(journal) == ["plain"]


def link_elsewhere(folder: Path) -> None:
    elsewhere = folder.parent.parent / "elsewhere"
    elsewhere.mkdir()
    write(elsewhere, make_line())
    folder.rmdir()
    folder.symlink_to(elsewhere)


async def test_a_folder_that_leads_elsewhere_is_not_read(folder: Path) -> None:
    link_elsewhere(folder)
    async with open_journal(folder) as journal:
        assert await read_names(journal) == []


async def test_a_folder_that_is_missing_can_come_later(folder: Path) -> None:
    later = folder / "later"
    async with open_journal(later) as journal:
        assert await read_names(journal) == []
        make_folder(later)
        write(later, make_line())
        assert await read_names(journal) == ["hi"]


@pytest.mark.parametrize("way", ["cut", "replaced", "removed"])
async def test_files_may_be_rotated_while_they_are_read(
    journal: ObservedJournal, folder: Path, way: str
) -> None:
    first, second = make_line(name="first"), make_line(after=1, name="second")
    path = write(folder, first, make_line(name="lost"))
    assert await read_names(journal) == ["first", "lost"]
    if way == "cut":
        os.truncate(path, 0)
    else:
        path.unlink()
    if way == "removed":
        assert await read_names(journal) == ["first", "lost"]
    write(folder, first, second)
    assert await read_names(journal) == ["first", "lost", "second"]


async def test_nothing_is_stored_twice_after_a_restart(folder: Path) -> None:
    async with open_journal(folder) as journal:
        write(folder, make_line(name="first"))
        assert await read_names(journal) == ["first"]
        cursor = (await journal.follow(None)).cursor
    write(folder, make_line(after=1, name="second"))
    (folder.parent.parent / "state" / "position.json").write_text("{damaged")
    async with open_journal(folder) as journal:
        assert await read_names(journal) == ["first", "second"]
        assert [each.event for each in (await journal.follow(cursor)).samples] == ["command.second"]


async def test_only_the_newest_of_a_long_history_is_taken(
    folder: Path,
) -> None:
    padding = "x" * 200_000
    old = [make_line(after=n, name=f"old-{n}", padding=padding) for n in range(60)]
    write(folder, *old, day="2026-11-20")
    write(folder, make_line(after=99, name="new"))
    async with open_journal(folder) as journal:
        names = await read_names(journal)
        assert names[-1] == "new"
        assert 30 < len(names) < 50
        write(folder, make_line(after=100, name="newer"))
        assert (await read_names(journal))[-2:] == ["new", "newer"]


async def test_a_full_day_still_gets_failures(folder: Path) -> None:
    async with open_journal(folder, day_bytes=2_000) as journal:
        good = [make_line(after=n) for n in range(50)]
        received = await journal.receive([each.encode() for each in good])
        assert received.omitted > 0
        assert received.stored + received.omitted == 50
        failed = make_line(after=60, error=make_error()).encode()
        assert (await journal.receive([failed])).stored == 1
        many = [make_line(after=n, error=make_error()).encode() for n in range(50)]
        assert (await journal.receive(many)).omitted > 30


async def test_what_is_sent_again_is_stored_once(folder: Path) -> None:
    lines = [make_line(after=n).encode() for n in range(3)]
    async with open_journal(folder) as journal:
        assert await journal.receive([*lines, b"{"]) == ReceivedRecords(stored=3, refused=1)
        assert await journal.receive(lines) == ReceivedRecords(known=3)
    async with open_journal(folder) as journal:
        assert await journal.receive(lines) == ReceivedRecords(known=3)
        assert len(await read_names(journal)) == 3


async def test_the_running_commit_is_that_of_the_newest_records(
    journal: ObservedJournal, folder: Path
) -> None:
    assert await journal.find_running_commit() is None
    write(folder, make_line(commit="a" * 40), make_line(after=1, commit="b" * 40))
    write(folder, make_line(after=2))
    assert await journal.find_running_commit() == "b" * 40


async def test_a_clock_that_is_ahead_does_not_move_records_into_the_future(
    journal: ObservedJournal, folder: Path
) -> None:
    write(folder, make_line(after=3_000))
    assert (await read_only(journal)).ts == NOW
