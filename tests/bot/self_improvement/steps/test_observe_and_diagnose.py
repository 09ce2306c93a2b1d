"""From a request to evidence: the right failures, plain texts, nothing invented."""

import pytest

from bot.domain.evidence import Commit, Diagnosis, Evidence, Suspect
from bot.domain.journal import Action, Capsule, Kind
from bot.domain.people import Person, Place
from bot.domain.run import Trigger
from bot.intake import FailureMatcher
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.self_improvement.requests.rule_diagnosis import diagnose_by_rules
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_memory import FakeMemory
from tests.support.agent_harness import BROKEN, LOOKBACK, make_capsule, make_failure

SUSPECT = Suspect(
    commit=Commit(sha="b" * 40, author="Sam", at=FakeClock().now(), summary="Speed up the dice"),
    reason="last changed line 8",
    diff="",
    score=0.8,
)


class ObservedCase:
    """A journal, a checkout and a clock; failures happen a minute apart."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.journal = FakeJournal()
        self.memory = FakeMemory()
        self.checkout = FakeCheckout(files={"cogs/dice.py": BROKEN}, found=(SUSPECT,))

    def fails(self, name: str, *, times: int = 1, channel_id: int | None = 10) -> Action:
        """Journal a failure; return the newest record."""
        for _ in range(times):
            self.clock.tick(60)
            error = make_capsule(fingerprint=f"{name}-print")
            action = make_failure(self.clock, error, name=name, channel_id=channel_id)
            self.journal.append(action)
        return action

    async def at(
        self, subject: str = "", *, error_id: str | None = None, channel_id: int = 10
    ) -> Evidence:
        """Look at what fits."""
        trigger = Trigger(
            key="k",
            goal="fix",
            person=Person(id=1, name="alice"),
            place=Place(channel_id=channel_id),
            text=subject,
            subject=subject,
            error_id=error_id,
            at=self.clock.now(),
        )
        observe = EvidenceCollector(
            self.journal,
            self.checkout,
            self.clock,
            self.memory,
            FailureMatcher(self.journal, self.clock, lookback=LOOKBACK).find_evidence,
            lookback=LOOKBACK,
        )
        return await observe(trigger)


def _prints(evidence: Evidence) -> list[str]:
    return [group.fingerprint for group in evidence.groups]


async def test_an_error_id_names_its_failure_whatever_else_failed_later() -> None:
    looking = ObservedCase()
    named = looking.fails("roll")
    looking.fails("poll")
    for error_id in (named.id, named.id[-8:]):
        assert _prints(await looking.at(error_id=error_id)) == ["roll-print"]


async def test_an_old_error_named_by_its_id_is_found_beyond_the_lookback() -> None:
    looking = ObservedCase()
    named = looking.fails("roll")
    looking.clock.tick(48 * 3600)
    evidence = await looking.at(error_id=named.id)
    assert (_prints(evidence), evidence.groups[0].count) == (["roll-print"], 1)


async def test_an_error_id_that_is_not_there_is_not_taken_for_the_last_failure() -> None:
    looking = ObservedCase()
    looking.fails("roll")
    evidence = await looking.at(error_id="zzzzzzzz")
    assert evidence.groups == ()
    assert "zzzzzzzz" in evidence.searched


async def test_with_nothing_named_the_last_failure_of_the_channel_is_meant() -> None:
    looking = ObservedCase()
    looking.fails("roll", channel_id=10)
    looking.fails("poll", channel_id=11)
    looking.fails("deliver", channel_id=None)
    assert _prints(await looking.at(channel_id=10)) == ["roll-print"]
    assert _prints(await looking.at(channel_id=11)) == ["poll-print"]
    assert _prints(await looking.at(channel_id=12)) == ["deliver-print"]


async def test_own_runs_that_failed_are_not_what_people_mean() -> None:
    looking = ObservedCase()
    looking.fails("roll")
    looking.journal.append(
        make_failure(looking.clock, make_capsule(fingerprint="own"), name="execute", kind=Kind.RUN)
    )
    assert _prints(await looking.at()) == ["roll-print"]
    assert _prints(await looking.at("execute")) == []


async def test_the_source_around_the_frame_comes_along_with_suspects() -> None:
    looking = ObservedCase()
    looking.fails("roll", times=2)
    evidence = await looking.at("rolling dice")
    [excerpt] = evidence.excerpts
    assert (excerpt.file, excerpt.first_line, excerpt.highlight) == ("cogs/dice.py", 1, 8)
    assert evidence.suspects == (SUSPECT,)
    assert len(evidence.timeline) == 2
    assert evidence.searched == "failures that fit “rolling dice” (last 24 h)"


async def _diagnosis(looking: ObservedCase, subject: str = "") -> Diagnosis:
    return diagnose_by_rules(await looking.at(subject))


async def test_the_headline_says_what_how_often_since_when_and_where() -> None:
    looking = ObservedCase()
    looking.clock.tick(60)
    looking.fails("roll", times=3)
    diagnosis = await _diagnosis(looking, "rolling dice")
    assert diagnosis.headline == (
        "3 IndexErrors from /roll since 2026-11-21 14:02 UTC, all in `cogs/dice.py:8`"
    )
    assert diagnosis.cause == (
        "`face` raises IndexError (string index out of range) with value=6, at `cogs/dice.py:8`. "
        "Suspect: `bbbbbbb` “Speed up the dice” by Sam (last changed line 8)."
    )
    assert (diagnosis.confidence, diagnosis.count) == ("high", 3)
    assert len(diagnosis.evidence_ids) == 3


@pytest.mark.parametrize(
    ("kind", "name", "exception", "headline"),
    [
        (
            Kind.COMMAND,
            "poll create",
            "KeyError",
            "1 KeyError from /poll create at 2026-11-21 14:00 UTC, in",
        ),
        (
            Kind.TASK,
            "Reminders.deliver",
            "TypeError",
            "1 TypeError from the task Reminders.deliver at",
        ),
        (Kind.LISTENER, "on_message", "ValueError", "1 ValueError from the listener on_message at"),
        (Kind.CONTEXT_MENU, "Fix this", "OSError", "1 OSError from the menu “Fix this” at"),
        (Kind.COMPONENT, "vote", "OSError", "1 OSError from the component vote at"),
    ],
)
async def test_every_kind_of_action_is_called_as_people_call_it(
    kind: Kind, name: str, exception: str, headline: str
) -> None:
    looking = ObservedCase()
    error = make_capsule(exception=exception)
    looking.journal.append(make_failure(looking.clock, error, name=name, kind=kind))
    assert (await _diagnosis(looking)).headline.startswith(headline)


async def test_nothing_that_fits_is_said_with_what_else_failed() -> None:
    looking = ObservedCase()
    diagnosis = await _diagnosis(looking, "the weather")
    assert (diagnosis.found, diagnosis.confidence) == (False, "none")
    assert diagnosis.cause == (
        "I looked for failures that fit “the weather” (last 24 h). "
        "I know of no other failure that is not fixed."
    )
    looking.fails("roll", times=2)
    diagnosis = await _diagnosis(looking, "the weather")
    assert diagnosis.cause.endswith("Other failures there: 2 IndexErrors from /roll.")


async def test_a_failure_outside_the_project_is_not_blamed_on_it() -> None:
    looking = ObservedCase()
    outside = Capsule(exception="Forbidden", message="403", fingerprint="x")
    looking.journal.append(make_failure(looking.clock, outside))
    diagnosis = await _diagnosis(looking)
    assert (diagnosis.found, diagnosis.file, diagnosis.confidence) == (True, "", "low")
    assert "There is nothing of ours to change." in diagnosis.cause


async def test_the_same_evidence_gives_the_same_diagnosis() -> None:
    looking = ObservedCase()
    looking.fails("roll", times=2)
    evidence = await looking.at("rolling dice")
    assert diagnose_by_rules(evidence) == diagnose_by_rules(evidence)
