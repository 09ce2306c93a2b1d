"""The page of a run: its log, costs, checks, plan and transcript, each from its record."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from theseus_guard.records import FileChange

from bot.domain.account import Account, Charge
from bot.domain.change import ChangeSet, CheckResult, FullTier, Verdict
from bot.domain.errors import JournalError
from bot.domain.evidence import Evidence
from bot.domain.ids import create_sortable_id
from bot.domain.journal import Action, ActionOutcome, FailureGroup, JournalQuery, Kind
from bot.domain.plan import Plan, Step
from bot.domain.progress import TranscriptEntry
from bot.domain.run import Run
from bot.self_improvement.reporting.run_transcripts import RunTranscripts
from tests.bot.web.web_server import COMMIT, Room
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_ledger import FakeLedger


@pytest.fixture
def room() -> Room:
    return Room()


class SilentJournal(FakeJournal):
    """A journal that cannot be read."""

    async def read(self, query: JournalQuery) -> Sequence[Action]:
        """Fail."""
        raise JournalError("the disk is gone")


def journal_step(room: Room, run_id: str, stage: str, outcome: ActionOutcome) -> Action:
    """Journal one pass of a step, which took 90 seconds."""
    at = room.clock.now() + timedelta(seconds=30)
    action = Action(
        ts=at, id=create_sortable_id(at), event=f"run.{stage}", kind=Kind.RUN, name=stage,
        duration_ms=90_000, outcome=outcome, run_id=run_id,
    )  # fmt: skip
    room.journal.append(action)
    return action


async def record_work(room: Room) -> Run:
    """Return a run that has planned, edited one of two files, and was checked."""
    run = room.add_run()
    failure = journal_step(room, run.id, "verify", ActionOutcome.ERROR)
    journal_step(room, run.id, "execute", ActionOutcome.OK)
    journal_step(room, "x9x9x9", "plan", ActionOutcome.OK)
    steps = (
        Step(summary="Guard the die", owned_files=("cogs/dice.py",)),
        Step(summary="Say it in the guide", owned_files=("docs/dice.md",)),
    )
    group = FailureGroup(
        fingerprint="f1", event="command.roll", count=2, first_seen=run.created_at,
        last_seen=run.created_at, newest=failure, action_ids=(),
    )  # fmt: skip
    tests = CheckResult(
        name="tests", status="passed", seconds=4, output="first line\n" + "." * 20_000
    )
    await room.store.append(
        run.id,
        Evidence(base=COMMIT, groups=(group,)),
        Plan(problem="p", solution="s", steps=steps, risk="low"),
        ChangeSet(
            base=COMMIT, head=COMMIT, branch="x", engine="claude", summary="Guard it", seconds=1,
            files=(FileChange(path="cogs/dice.py", added=1, removed=0),), diff="+x\n",
        ),
        Verdict(head=COMMIT, round=1, checks=(tests,)),
        FullTier(head=COMMIT, checks=(tests.replace(name="all tests", output="whole <suite>"),)),
    )  # fmt: skip
    return run


async def test_the_page_shows_the_log_the_costs_and_ticks(room: Room) -> None:
    run = await record_work(room)
    ledger, transcripts = FakeLedger(), RunTranscripts(room.clock)
    for number, run_id in enumerate((run.id, run.id, "x")):
        account = Account(purpose="plan", person_id=1, run_id=run_id)
        await ledger.charge(
            Charge(
                id=f"c{number}", at=room.clock.now(), account=account, model="m", status=200,
                outcome="ok", cost_usd=0.25, tokens_in=10,
            )
        )  # fmt: skip
    transcripts.add(run.id, TranscriptEntry(author="execute", kind="text", text="I guard <it>"))
    room.add_incident(fingerprint="f1")
    room.without(ledger=ledger, transcripts=transcripts)
    async with room.serving() as client:
        page = (await client.get(f"/runs/{run.id}")).text
        assert "Log of the steps (2)" in page, "steps of other runs are left out"
        log = page[page.index('id="log"') : page.index('id="costs"')]
        assert all(each in log for each in ("Verify", "Failed", "90 s"))
        assert "$0.50" in page[page.index('id="costs"') :]
        assert "☑ Guard the die" in page
        assert "☐ Say it in the guide" in page
        assert "I guard &lt;it&gt;" in page
        assert '<a href="/incidents/q2w3e4"><code>' in page, "the evidence leads to its incident"


async def test_each_check_has_its_complete_output_on_a_page(room: Room) -> None:
    run = await record_work(room)
    async with room.serving() as client:
        assert "first line" not in (await client.get(f"/runs/{run.id}")).text
        assert "first line" in (await client.get(f"/runs/{run.id}/checks/1")).text
        assert "whole &lt;suite&gt;" in (await client.get(f"/runs/{run.id}/checks/2")).text
        for number in ("0", "3", "1234", "x"):
            assert (await client.get(f"/runs/{run.id}/checks/{number}")).status == 404


async def test_a_journal_that_does_not_answer_is_said_and_hides_nothing_else(room: Room) -> None:
    run = await record_work(room)

    room.without(journal=SilentJournal())
    async with room.serving() as client:
        page = (await client.get(f"/runs/{run.id}")).text
    assert "The log of the steps cannot be read now." in page
    assert "Guard the die" in page
