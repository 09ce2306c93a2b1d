"""Lessons of earlier runs, found by fault and by text."""

from datetime import UTC, datetime, timedelta

import pytest
from theseus_guard.record import Record
from theseus_guard.records import FileChange

from bot.adapters.claude_agent.tools._past_runs import PastRuns
from bot.domain.change import Attempt, ChangeSet, CheckResult, Verdict
from bot.domain.evidence import Diagnosis
from bot.domain.people import Person, Place
from bot.domain.proposal import Outcome
from bot.domain.run import Run, Stage, Status, Trigger
from tests.fakes.fake_store import FakeStore

NOW = datetime(2026, 11, 21, 14, tzinfo=UTC)
KEY = "sk-ant-api03-" + "a1B2" * 20
DICE = Diagnosis(
    found=True, headline="/roll fails with IndexError in face", cause="c", fingerprint="f-dice"
)
POLLS = Diagnosis(found=True, headline="/poll close hangs", cause="c", fingerprint="f-poll")
MENDED = ChangeSet(
    base="b",
    head="h",
    branch="x",
    engine="claude",
    summary="Count faces from 1",
    files=(FileChange(path="cogs/dice.py", added=1, removed=1),),
    attempts=(Attempt(summary="cap the index", result="hid the fault"),),
)


async def remember(
    store: FakeStore,
    run_id: str,
    *records: Record,
    status: Status = Status.DONE,
    reason: str = "",
    text: str = "fix it",
    age: int = 0,
) -> None:
    at = NOW - timedelta(hours=age)
    person = Person(id=1, name="Ada")
    trigger = Trigger(
        key=run_id, goal="fix", person=person, place=Place(channel_id=1), text=text, at=at
    )
    run = await store.create(
        Run(id=run_id, goal="fix", trigger=trigger, created_at=at, updated_at=at)
    )
    await store.save(run.replace(status=status, stage=Stage.SHIP, reason=reason), *records)


async def test_a_run_with_the_same_fault_comes_before_one_with_the_same_words() -> None:
    store = FakeStore()
    await remember(store, "aaaaaa", DICE.replace(headline="something else altogether"), MENDED)
    await remember(store, "bbbbbb", DICE.replace(fingerprint="f-other"))
    found = await PastRuns(store).find_similar("roll fails IndexError face", fingerprint="f-dice")
    assert [run.run_id for run in found] == ["aaaaaa", "bbbbbb"]


async def test_more_words_in_common_come_first_and_of_equals_the_newest() -> None:
    store = FakeStore()
    await remember(store, "aaaaaa", DICE, age=3)
    await remember(store, "bbbbbb", DICE, age=1)
    await remember(store, "cccccc", POLLS, text="close the roll")
    found = await PastRuns(store).find_similar("roll IndexError")
    assert [run.run_id for run in found] == ["bbbbbb", "aaaaaa", "cccccc"]


async def test_what_was_tried_and_what_mended_it_is_told_on_one_line() -> None:
    store = FakeStore()
    held = Outcome(run_id="aaaaaa", verdict="fixed", at=NOW)
    await remember(store, "aaaaaa", DICE, MENDED, held)
    (found,) = await PastRuns(store).find_similar("dice")
    assert found.summary == (
        "run aaaaaa (2026-11-21, shipped, then fixed): /roll fails with IndexError in face; "
        "change: Count faces from 1 in cogs/dice.py; tried: cap the index: hid the fault"
    )


@pytest.mark.parametrize(
    ("status", "records", "ended"),
    [
        (Status.DONE, (), "investigated"),
        (Status.FAILED, (), "failed: no luck"),
        (
            Status.FAILED,
            (
                Verdict(
                    head="h",
                    round=1,
                    checks=(CheckResult(name="types", status="failed", seconds=1),),
                ),
            ),
            "failed: failing checks: types",
        ),
        (Status.REJECTED, (), "rejected: no luck"),
    ],
)
async def test_how_it_ended_is_told(
    status: Status, records: tuple[Record, ...], ended: str
) -> None:
    store = FakeStore()
    await remember(store, "aaaaaa", DICE, *records, status=status, reason="no luck")
    (found,) = await PastRuns(store).find_similar("IndexError")
    assert found.outcome == ended


async def test_the_run_itself_and_runs_under_way_are_not_remembered() -> None:
    store = FakeStore()
    await remember(store, "aaaaaa", DICE)
    await remember(store, "bbbbbb", DICE, status=Status.RUNNING)
    assert await PastRuns(store).find_similar("IndexError", excluded_run_id="aaaaaa") == ()


async def test_nothing_in_common_is_nothing_found() -> None:
    store = FakeStore()
    await remember(store, "aaaaaa", DICE)
    assert await PastRuns(store).find_similar("zebra crossing", fingerprint="f-zebra") == ()
    assert await PastRuns(store).find_similar("") == ()


async def test_a_line_is_short_and_holds_no_secret() -> None:
    store = FakeStore()
    await remember(store, "aaaaaa", DICE.replace(headline=f"zebra\n{KEY}" + "x" * 5_000), MENDED)
    (found,) = await PastRuns(store).find_similar("zebra")
    assert len(found.summary) <= 500
    assert "\n" not in found.summary
    assert "a1B2a1B2" not in found.summary
