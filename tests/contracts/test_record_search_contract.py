"""What every record search promises, on the fake, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from bot.adapters.sqlite_store import SqliteRecordSearch, SqliteStore, SqlRecordSearch, SqlStore
from bot.domain.audit import AuditEntry
from bot.domain.dialogue import Answer, Instruction, Instructions
from bot.domain.people import Person, Place
from bot.domain.proposal import Approval, Outcome, Proposal, Shipment
from bot.domain.record_search import AuditQuery, RunQuery
from bot.domain.run import Run, Status, Trigger
from bot.ports.record_search import RecordSearch
from bot.ports.store import Store
from tests.fakes.fake_record_search import FakeRecordSearch
from tests.fakes.fake_store import FakeStore
from tests.support.postgres_server import open_schema

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
ADA = Person(id=2**62 + 1, name="Ada Łovelace")


class Searched(NamedTuple):
    store: Store
    search: RecordSearch


@pytest.fixture(params=["fake", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Searched]:
    if request.param == "fake":
        fake = FakeStore()
        yield Searched(fake, FakeRecordSearch(fake))
        return
    if request.param == "postgres":
        database = open_schema(request)
        async with SqlStore(database, tmp_path) as store:
            yield Searched(store, SqlRecordSearch(database))
        return
    path = tmp_path / "theseus.sqlite3"
    async with SqliteStore(path) as store, SqliteRecordSearch(path) as search:
        yield Searched(store, search)


def a_run(run_id: str, *, age: int = 0, text: str = "rolling dice crashes", **about: object) -> Run:
    at = NOW - timedelta(hours=age)
    trigger = Trigger(
        key=run_id, goal="fix", person=ADA, place=Place(channel_id=1), text=text, at=at
    )
    run = Run(id=run_id, goal="fix", trigger=trigger, created_at=at, updated_at=at)
    return run.replace(**about)


def an_entry(action: str = "ship", *, allowed: bool = True, **about: object) -> AuditEntry:
    entry = AuditEntry(at=NOW, action=action, allowed=allowed, person=ADA, how="text")
    return entry.replace(**about)


async def test_a_summary_says_how_far_a_run_got(kept: Searched) -> None:
    run = await kept.store.create(a_run("abc123", cost_usd=0.5))
    proposal = Proposal(
        run_id=run.id, number=7, url="https://f/7", head="f00d", base="b", branch="t", at=NOW
    )
    shipment = Shipment(
        run_id=run.id, approved_head="f00d", merge_commit="m", live_commit="m", at=NOW
    )
    later = NOW + timedelta(minutes=5)
    run = await kept.store.save(run.replace(updated_at=later), proposal)
    await kept.store.approve(
        Approval(run_id=run.id, proposal=7, head="f00d", person=ADA, at=NOW, how="text")
    )
    await kept.store.save(run, shipment, Outcome(run_id=run.id, verdict="fixed", at=NOW))
    (told,) = await kept.search.list_summaries(since=NOW)
    assert (told.id, told.goal, told.origin, told.number) == ("abc123", "fix", "person", 7)
    assert (told.proposed_at, told.approved_at, told.live_at) == (later, NOW, later)
    assert (told.verdict, told.cost_usd, told.about) == ("fixed", 0.5, "rolling dice crashes")
    assert not told.helped


async def test_what_is_not_live_yet_has_no_time_at_which_it_was(kept: Searched) -> None:
    run = await kept.store.create(a_run("abc123"))
    shipment = Shipment(
        run_id=run.id, approved_head="f", merge_commit="m", live_commit="l", at=NOW,
        restart_needed=True,
    )  # fmt: skip
    failed = shipment.replace(restart_needed=False, failed={"cogs.dice": "no"})
    await kept.store.save(run, shipment, failed)
    (told,) = await kept.search.list_summaries(since=NOW)
    assert (told.live_at, told.proposed_at, told.verdict) == (None, None, None)


@pytest.mark.parametrize("person", [ADA, None])
async def test_a_person_s_word_is_help_and_a_default_is_none(
    kept: Searched, person: Person | None
) -> None:
    run = await kept.store.create(a_run("abc123"))
    await kept.store.save(run, Answer(question_id="q", text="yes", person=person, at=NOW))
    (told,) = await kept.search.list_summaries(since=NOW)
    assert told.helped is (person is not None)
    said = Instruction(key="k", text="also six", by="Ada", how="text", at=NOW)
    await kept.store.append("abc123", Instructions(items=(said,)))
    (told,) = await kept.search.list_summaries(since=NOW)
    assert told.helped


async def test_summaries_are_of_a_time_and_newest_first(kept: Searched) -> None:
    for name, age in (("old", 30), ("older", 40), ("new", 1)):
        await kept.store.create(a_run(name, age=age))
    found = await kept.search.list_summaries(since=NOW - timedelta(hours=35))
    assert [each.id for each in found] == ["new", "old"]
    assert len(await kept.search.list_summaries(since=NOW - timedelta(hours=99), limit=2)) == 2


async def test_runs_come_in_pages_and_by_what_is_asked(kept: Searched) -> None:
    for number in range(5):
        await kept.store.create(a_run(f"run{number}", age=number))
    await kept.store.create(a_run("other", age=9, text="100% of Polls_fail", status=Status.FAILED))
    first, second = [await kept.search.search_runs(RunQuery(size=4, page=page)) for page in (1, 2)]
    assert [run.id for run in first.found] == ["run0", "run1", "run2", "run3"]
    assert (first.more, second.more) == (True, False)
    assert [run.id for run in second.found] == ["run4", "other"]
    for query in (
        RunQuery(statuses=frozenset({Status.FAILED})),
        RunQuery(text="% of polls_"),
        RunQuery(text="OTHER"),
    ):
        assert [run.id for run in (await kept.search.search_runs(query)).found] == ["other"]
    assert (await kept.search.search_runs(RunQuery(goal="revert"))).found == []
    assert len((await kept.search.search_runs(RunQuery(since=NOW))).found) == 1


@pytest.mark.parametrize("words", ["' OR 1=1 --", "%", "_", '"', "\\", "\x00", "a" * 200])
async def test_words_are_data_and_no_query(kept: Searched, words: str) -> None:
    await kept.store.create(a_run("abc123"))
    await kept.store.append_audit_entry(an_entry(note="a plain note"))
    assert (await kept.search.search_runs(RunQuery(text=words))).found == []
    assert (await kept.search.search_audit(AuditQuery(text=words))).found == []
    assert (await kept.search.search_audit(AuditQuery(person=words))).found == []
    assert (await kept.search.search_audit(AuditQuery(action=words))).found == []


async def test_entries_are_found_by_person_action_result_time_and_words(kept: Searched) -> None:
    bob = Person(id=5, name="bob")
    await kept.store.append_audit_entry(
        an_entry(at=NOW - timedelta(days=2), note="an old Secret plan")
    )
    await kept.store.append_audit_entry(
        an_entry("stop", person=bob, allowed=False, run_id="abc123")
    )
    await kept.store.append_audit_entry(an_entry("configured", person=None))

    async def numbers(**query: object) -> list[int]:
        page = await kept.search.search_audit(AuditQuery.model_validate(query))
        return [each.number for each in page.found]

    assert await numbers() == [3, 2, 1]
    assert await numbers(action="stop") == [2]
    assert await numbers(person="BOB") == [2]
    assert await numbers(person=str(ADA.id)) == [1]
    assert await numbers(result="refused") == [2]
    assert await numbers(result="allowed") == [3, 1]
    assert await numbers(since=NOW - timedelta(days=1)) == [3, 2]
    assert await numbers(text="secret PLAN") == [1]
    page = await kept.search.search_audit(AuditQuery(text="secret PLAN"))
    assert [each.entry.note for each in page.found] == ["an old Secret plan"]
    assert await numbers(text="abc123") == [2]
    assert await numbers(size=1, page=2) == [2]
    assert list(await kept.search.list_audit_actions()) == ["configured", "ship", "stop"]
