"""Changes since a command last worked are examined, reported and stored."""

from datetime import timedelta

from theseus_rehearsal.records import CommandStep

from bot.adapters.claude_agent.prompting._texts import render_evidence
from bot.domain.audience import Audience
from bot.domain.evidence import Evidence
from bot.domain.ids import create_sortable_id
from bot.domain.journal import ActionOutcome
from bot.domain.people import Person, Place
from bot.domain.run import Trigger
from bot.domain.traffic import TrafficRecord
from bot.intake import FailureMatcher
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.self_improvement.requests.rule_diagnosis import diagnose_by_rules
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_memory import FakeMemory
from tests.fakes.fake_traffic import FakeTraffic
from tests.support.failures import make_capsule, make_failure


class RolledCase:
    """`/roll` worked, commits came in, and it failed."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.checkout = FakeCheckout(files={"cogs/dice.py": "import cogs.luck\n"})
        self.traffic = FakeTraffic()
        self.journal = FakeJournal()

    async def works(self) -> None:
        at = self.clock.now()
        step = CommandStep(by="asker", command="roll")
        record = TrafficRecord(
            id=create_sortable_id(at), at=at, event="command.roll", step=step,
            commit=await self.checkout.get_head(),
        )  # fmt: skip
        await self.traffic.record([record])
        self.clock.tick(60)

    async def changes(self, *files: str) -> str:
        commit = self.checkout.advance(dict.fromkeys(files, "import cogs.luck  # changed\n"))
        await self.checkout.fast_forward(commit)
        return commit

    async def fails(self) -> Evidence:
        action = make_failure(
            self.clock, make_capsule(fingerprint="roll"), name="roll", channel_id=10
        )
        self.journal.append(action)
        trigger = Trigger(
            key="k", goal="fix", person=Person(id=1, name="alice"), place=Place(channel_id=10),
            text="", error_id=action.id, at=self.clock.now(),
        )  # fmt: skip
        observe = EvidenceCollector(
            self.journal, self.checkout, self.clock, FakeMemory(),
            FailureMatcher(self.journal, self.clock, lookback=timedelta(hours=24)).find_evidence,
            lookback=timedelta(hours=24), traffic=self.traffic,
        )  # fmt: skip
        return await observe(trigger)


async def test_the_commits_since_it_worked_are_told_the_nearest_files_first() -> None:
    case = RolledCase()
    await case.works()
    start = await case.checkout.get_head()
    luck = await case.changes("cogs/luck.py")
    dice = await case.changes("cogs/dice.py")
    await case.changes("cogs/polls.py")
    evidence = await case.fails()
    assert evidence.worked is not None
    assert evidence.worked.commit == start
    assert [each.commit.sha for each in evidence.worked.changes] == [dice, luck]
    told = diagnose_by_rules(evidence).last_worked
    assert told.startswith(
        "It last worked on 2026-11-21 14:00 UTC, with `0000000`; the code it uses"
    )
    assert f"`{dice[:7]}`" in told
    assert "and 1 more" in told
    assert "When it last worked" in render_evidence(evidence)


async def test_where_nothing_changed_it_says_so() -> None:
    case = RolledCase()
    await case.works()
    evidence = await case.fails()
    assert diagnose_by_rules(evidence).last_worked.endswith(
        "the code it uses has not changed since."
    )


async def test_inputs_that_work_are_told_instead_of_code_that_did_not_change() -> None:
    case = RolledCase()
    head = await case.checkout.get_head()
    uses = (
        ("2d6", True, Audience.TEAM),
        ("1d8", True, Audience.TEAM),
        ("0d6`**@everyone", False, Audience.TEAM),
        ("0d1", False, Audience.TEAM),
        ("0d1", True, Audience.TEAM),  # fails and works: the input does not decide
        ("private", True, Audience.PRIVATE),
        ("placeholder", False, Audience.PRIVATE),
        ("old", True, None),
    )
    for dice, ok, audience in uses:
        at = case.clock.now()
        record = TrafficRecord(
            id=create_sortable_id(at), at=at, event="command.roll", audience=audience,
            step=CommandStep(by="asker", command="roll", options={"dice": dice}), commit=head,
            outcome=ActionOutcome.OK if ok else ActionOutcome.ERROR,
            fingerprint="" if ok else "roll",
        )  # fmt: skip
        await case.traffic.record([record])
        case.clock.tick(60)
    evidence = await case.fails()
    told = diagnose_by_rules(evidence).last_worked
    assert told == (
        f"With the same code (`{head[:7]}`) it works for `dice=2d6`, `dice=1d8` and fails for "
        "`dice=0d6\u02cb**@everyone`."
    )
    assert told in render_evidence(evidence)


async def test_what_never_worked_says_nothing() -> None:
    evidence = await RolledCase().fails()
    assert evidence.worked is None
    assert diagnose_by_rules(evidence).last_worked == ""


async def test_evidence_of_before_can_be_read() -> None:
    told = (await RolledCase().fails()).model_dump(mode="json")
    del told["worked"]
    assert Evidence.model_validate(told).worked is None
