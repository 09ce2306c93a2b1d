"""What every traffic log promises, on the fake, on SQLite and on PostgreSQL."""

import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from theseus_observe.redaction import redact
from theseus_rehearsal.records import CommandStep, WebAnswer

from bot.adapters.sqlite_traffic import SqliteTraffic, SqlTraffic
from bot.app.state_parts import TRAFFIC
from bot.domain.ids import create_sortable_id, shorten_id
from bot.domain.journal import ActionOutcome
from bot.domain.personal_data import DataSubject
from bot.domain.traffic import TrafficBounds, TrafficRecord
from bot.ports.traffic import TrafficLog
from tests.fakes.fake_clock import START
from tests.fakes.fake_traffic import FakeTraffic
from tests.support.postgres_server import open_schema

BOUNDS = TrafficBounds(successes=4, failures=3, newest=2)
SECRET = "ghp_" + "a1B2" * 9


@pytest.fixture(params=["fake", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def traffic(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[TrafficLog]:
    """Return an empty log that keeps four successes and three failures of an event."""
    if request.param == "fake":
        yield FakeTraffic(BOUNDS)
        return
    if request.param == "postgres":
        database = open_schema(request, TRAFFIC)
        async with SqlTraffic(database, redact=redact, bounds=BOUNDS) as shared:
            yield shared
        return
    path = tmp_path / "traffic" / "traffic.sqlite3"
    async with SqliteTraffic(path, redact=redact, bounds=BOUNDS) as real:
        yield real


def asked(minute: int, dice: str = "2d6", **about: object) -> TrafficRecord:
    """Return `/roll`, asked so many minutes after the start."""
    at = START + timedelta(minutes=minute)
    told = {
        "id": create_sortable_id(at),
        "at": at,
        "event": "command.roll",
        "cog": "dice",
        "step": CommandStep(by="asker", command="roll", options={"dice": dice}),
        "answer": "0f",
        "shape": ("answer",),
    }
    return TrafficRecord.model_validate(told | about)


def failed(minute: int, fingerprint: str) -> TrafficRecord:
    """Return one that failed."""
    return asked(minute, outcome=ActionOutcome.ERROR, fingerprint=fingerprint)


async def test_what_was_recorded_comes_back_as_it_was(traffic: TrafficLog) -> None:
    record = asked(1, web=(WebAnswer(url="https://x.test/", status=429),), commit="c" * 40)
    await traffic.record([record])
    assert list(await traffic.list_recent("command.roll")) == [record]
    assert await traffic.get(record.id) == record
    assert await traffic.get(f" {shorten_id(record.id).upper()} ") == record
    assert await traffic.get("nothing") is None


async def test_records_come_oldest_first_and_the_newest_are_preferred(traffic: TrafficLog) -> None:
    records = [asked(minute, dice=f"{'a' * minute}-{minute}") for minute in range(4)]
    await traffic.record(records[::-1])
    assert list(await traffic.list_recent("command.roll")) == records
    assert list(await traffic.list_recent("command.roll", limit=2)) == records[2:]
    assert list(await traffic.list_since(records[1].at)) == records[1:]
    assert list(await traffic.list_since(START, limit=1)) == records[3:]
    assert list(await traffic.list_recent("command.flip")) == []


async def test_the_same_id_again_takes_the_place_of_the_first(traffic: TrafficLog) -> None:
    first = asked(1)
    await traffic.record([first])
    await traffic.record([first.replace(answer="ff")])
    assert [each.answer for each in await traffic.list_recent("command.roll")] == ["ff"]


async def test_successes_that_differ_stay_and_equals_make_room(traffic: TrafficLog) -> None:
    odd, other = asked(0, dice="d%"), asked(1, answer="aa")
    await traffic.record([odd, other, *(asked(minute) for minute in range(2, 9))])
    kept = await traffic.list_recent("command.roll")
    assert len(kept) == 4
    assert odd in kept
    assert other in kept
    assert [each.at.minute for each in kept][-2:] == [7, 8], "the newest stay in any case"


async def test_where_all_differ_the_oldest_of_the_commonest_form_goes(traffic: TrafficLog) -> None:
    rare = asked(0, dice="d%")
    await traffic.record([rare, *(asked(minute, answer=f"{minute}") for minute in range(1, 9))])
    kept = await traffic.list_recent("command.roll")
    assert kept[0] == rare
    assert [each.at.minute for each in kept[1:]] == [6, 7, 8]


async def test_failures_have_a_bound_of_their_own(traffic: TrafficLog) -> None:
    rare = failed(0, "rare")
    await traffic.record([rare, *(failed(minute, "common") for minute in range(1, 9))])
    await traffic.record([asked(minute, answer=f"{minute}") for minute in range(10, 30)])
    kept = [each for each in await traffic.list_recent("command.roll") if not each.ok]
    assert kept[0] == rare
    assert [each.at.minute for each in kept] == [0, 7, 8]


async def test_each_event_has_its_own_room(traffic: TrafficLog) -> None:
    flips = [asked(minute, event="command.flip") for minute in range(3)]
    await traffic.record([*flips, *(asked(minute) for minute in range(20))])
    assert list(await traffic.list_recent("command.flip")) == flips


async def test_what_is_old_is_forgotten(traffic: TrafficLog) -> None:
    await traffic.record([asked(1), asked(2, dice="d%"), asked(3, dice="d6")])
    assert await traffic.forget(START + timedelta(minutes=2)) == 1
    assert [each.at.minute for each in await traffic.list_recent("command.roll")] == [2, 3]
    assert await traffic.forget(START + timedelta(minutes=2)) == 0


async def test_secrets_are_out_before_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "traffic.sqlite3"
    async with SqliteTraffic(path, redact=redact) as log:
        await log.record([asked(1, dice=f"my key is {SECRET}", shape=(SECRET,))])
        on_disk = b"".join(each.read_bytes() for each in path.parent.iterdir())
    assert SECRET.encode() not in on_disk
    assert b"my key is" in on_disk


async def test_nobody_else_can_read_the_files(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "traffic.sqlite3"
    path.parent.mkdir(mode=0o755)
    async with SqliteTraffic(path, redact=redact) as log:
        await log.record([asked(1)])
        rights = {each.name: stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()}
    assert len(rights) == 3, "the database, and what SQLite puts beside it"
    assert set(rights.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_records_outlive_the_process_and_those_of_another_version_are_left_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "traffic.sqlite3"
    async with SqliteTraffic(path, redact=redact) as log:
        await log.record([asked(1), asked(2, event="command.flip")])
        await log.database.write(
            lambda each: each.execute("UPDATE traffic SET body = '{}' WHERE event = 'command.flip'")
        )
    async with SqliteTraffic(path, redact=redact) as log:
        assert [each.at.minute for each in await log.list_since(START)] == [1]


async def test_records_somebody_is_in_are_erased_and_no_others(traffic: TrafficLog) -> None:
    ada = DataSubject(id=4711_0000_0000, pseudonym="u-0a1b2c3d4e5f")
    hers = asked(1, "1d6", pseudonyms={"asker": ada.pseudonym})
    named = asked(2, "2d6", pseudonyms={"asker": "u-bob", "other": ada.pseudonym})
    others = asked(3, "3d6", pseudonyms={"asker": "u-bob"})
    await traffic.record([hers, named, others])
    assert await traffic.count_records(ada) == 2
    assert await traffic.erase(ada) == 2
    assert list(await traffic.list_recent("command.roll")) == [others]
    assert (await traffic.count_records(ada), await traffic.erase(ada)) == (0, 0)
