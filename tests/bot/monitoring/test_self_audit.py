"""The bot looks back on itself once for each time it is due, whatever befalls it or its clock."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.authority.autonomy_levels import Autonomy, Level
from bot.domain.account import Charge
from bot.domain.anomaly import Anomaly, Rule
from bot.domain.audit_ideas import AuditIdea
from bot.domain.budget import BudgetRules
from bot.domain.code_coverage import CodeCoverage, UnrunFunction
from bot.domain.errors import NotAuthorized, StoreError, VerifierError
from bot.domain.incident import Incident
from bot.domain.journal import Action, Capsule
from bot.domain.memory import Memory
from bot.domain.monitoring_config import SelfAuditConfig
from bot.domain.people import ITSELF, Person
from bot.domain.posts import Post
from bot.domain.run import Run, Status
from bot.domain.self_audit import Ability
from bot.monitoring import AuditSources, CoverageSource, SelfAudit
from bot.monitoring.self_audit_ideas import AuditIdeaCollector
from bot.ports.audit_reader import AuditReader
from bot.telemetry import Recorder
from tests.fakes.fake_audit_reader import FakeAuditReader
from tests.fakes.fake_charts import FakeCharts
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_coverage_meter import FakeCoverageMeter
from tests.fakes.fake_store import FakeStore
from tests.support.agent_harness import (
    ALICE,
    DEV,
    MALLORY,
    AgentHarness,
    make_capsule,
    make_failure,
)
from tests.support.agent_under_test import AgentUnderTest
from tests.support.change_harness import ChangeHarness
from tests.support.crash_point import CrashPoint, Killed, add_crash_point

DAY = 86_400.0
NINE = datetime(2026, 11, 20, 9, tzinfo=UTC)
ABILITIES = (Ability(event="command.roll", label="/roll", cog="cogs.dice", module="cogs.dice"),)


class Auditing:
    """A world that is audited; it outlives the program. Time begins a day before nine."""

    def __init__(self, folder: Path, **config: object) -> None:
        self.world = AgentHarness(folder)
        self.world.clock = self.clock = FakeClock(NINE - timedelta(hours=23))
        self.charts = FakeCharts()
        self.config = SelfAuditConfig.model_validate(config)
        self.autonomy = Autonomy()
        self._folder = folder
        self.coverage: CoverageSource | None = None
        self.reader: AuditReader | None = None

    def program(
        self, agent: AgentUnderTest | None = None, fuse: CrashPoint | None = None
    ) -> SelfAudit:
        """Return a newly started program's audit."""
        world, fuse = self.world, fuse or CrashPoint()
        journal = add_crash_point(world.journal, fuse)
        agent = agent or world.create_agent()
        services = AuditSources(
            journal,
            add_crash_point(world.store, fuse),
            add_crash_point(world.key_values, fuse),
            add_crash_point(world.memory, fuse),
            add_crash_point(world.chat, fuse),
            self.charts,
            self.clock,
            Recorder(journal, self.clock, self._folder, b"salt", lambda: None),
            world.ledger,
            coverage=self.coverage,
            ideas=self.collect_ideas(agent),
        )
        return SelfAudit(
            services,
            agent,
            self.config,
            self.autonomy,
            root=self._folder,
            dev_channel_id=DEV,
            abilities=lambda: ABILITIES,
            can_change=agent.changes.able,
        )

    def collect_ideas(self, agent: AgentUnderTest) -> AuditIdeaCollector | None:
        """Return what lets the reader read, if there is one."""
        if self.reader is None:
            return None
        trees = FakeCommitTrees({"live": {"cogs/dice.py": b""}})
        return AuditIdeaCollector(
            self.reader, trees, agent.wishes, rules=BudgetRules, live_commit=lambda: "live"
        )

    @asynccontextmanager
    async def running(self, fuse: CrashPoint | None = None) -> AsyncIterator[None]:
        """Run the program; leaving ends it, a blown fuse as kill -9 would."""
        audit = self.audit = self.program(self.world.create_agent(fuse), fuse)
        self._going = asyncio.create_task(audit.run_forever())
        await self.clock.advance(1)
        try:
            yield
        finally:
            self._going.cancel()
            with suppress(asyncio.CancelledError, Killed):
                await self._going

    async def pass_time(self, seconds: float) -> None:
        """Let time go by, all but the last two minutes at once."""
        self.clock.tick(max(seconds - 120, 0))
        await self.clock.advance(min(seconds, 120))
        async with asyncio.timeout(20):  # reading the tests is a thread's work
            while self.clock.sleepers == 0 and not self._going.done():  # noqa: ASYNC110  nobody tells when it is done
                await asyncio.sleep(0.001)

    def fails(self, error: Capsule | None = None, times: int = 5, name: str = "roll") -> None:
        """Journal so many failures, now."""
        for _ in range(times):
            self.world.journal.append(make_failure(self.clock, error, name=name))

    def runs(self) -> list[Run]:
        """Return all runs there are."""
        assert isinstance(self.world.store, FakeStore)
        return list(self.world.store.runs.values())

    def said(self) -> list[str]:
        """Return the keys of the reports there are, oldest first."""
        return [s.key for s in self.world.chat.messages if s.key.startswith("self_audit:")]

    def begun(self) -> list[Run]:
        """Return the runs it began by itself."""
        return [run for run in self.runs() if run.trigger.origin == "audit"]


def text(post: Post) -> str:
    assert post.card is not None
    fields = (f"{field.name}: {field.value}" for field in post.card.fields)
    return "\n".join((post.card.title, post.card.body, *fields))


async def test_nothing_is_told_at_the_very_first_start_and_then_once_a_day(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path)
    async with auditing.running():
        assert auditing.said() == []
        auditing.fails()
        await auditing.pass_time(23 * 3600)
        assert auditing.said() == [f"self_audit:{NINE.isoformat()}"]
        await auditing.pass_time(3600)
        assert len(auditing.said()) == 1
        await auditing.pass_time(DAY)
        assert len(auditing.said()) == 2
    (first, _) = (s for s in auditing.world.chat.messages if s.key.startswith("self_audit:"))
    assert first.ref.channel_id == DEV
    assert "**5** /roll IndexError" in text(first.post)


async def test_however_long_it_was_down_it_makes_up_for_one(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path)
    async with auditing.running():
        pass
    auditing.clock.tick(30 * DAY)
    for _ in range(3):
        async with auditing.running():
            await auditing.pass_time(130)
    newest = NINE + timedelta(days=29)
    assert auditing.said() == [f"self_audit:{newest.isoformat()}"]


async def test_a_clock_set_back_makes_no_second_one(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path)
    async with auditing.running():
        await auditing.pass_time(DAY)
    assert len(auditing.said()) == 1
    for back in (timedelta(minutes=30), timedelta(hours=20), timedelta(days=3)):
        auditing.clock = FakeClock(NINE - back)
        async with auditing.running():
            await auditing.pass_time(back.total_seconds() + 300)
    keys = auditing.said()
    assert keys.count(f"self_audit:{NINE.isoformat()}") == 1
    assert len(keys) == len(set(keys))


async def test_killed_anywhere_it_is_told_once_and_each_run_begun_once(tmp_path: Path) -> None:
    whole = []
    for after in range(0, 340, 11):
        auditing = Auditing(tmp_path / str(after), proposals=1)
        async with auditing.running():
            auditing.fails()
        auditing.clock.tick(DAY)
        fuse = CrashPoint(after)
        async with auditing.running(fuse):
            await auditing.pass_time(130)
        async with auditing.running():
            await auditing.pass_time(130)
        assert len(auditing.said()) == 1, after
        assert len(auditing.begun()) == 1, after
        whole.append(fuse.hits <= after)
    assert any(whole)
    assert not all(whole)


async def test_a_scheduled_report_measures_coverage_and_one_asked_for_reads_what_there_is(
    tmp_path: Path,
) -> None:
    auditing = Auditing(tmp_path)
    unrun = (UnrunFunction(file="cogs/dice.py", name="face", lines=4),)
    meter = FakeCoverageMeter(CodeCoverage(commit="", functions=9, unrun=unrun))
    meter.error = VerifierError("no tests are configured")
    auditing.coverage = CoverageSource(meter, lambda: "c1")
    auditing.fails()
    assert "not measured" in text(await auditing.program().build_post(ALICE))
    assert meter.measured == []
    async with auditing.running():
        await auditing.pass_time(23 * 3600)
        failed = text(auditing.world.chat.messages[-1].post)
        assert "not measured" in failed
        assert "could not check: test coverage" in failed
        meter.error = None
        await auditing.pass_time(DAY)
        assert "no test ran 1 of 9 functions" in text(auditing.world.chat.messages[-1].post)
        await auditing.pass_time(DAY)
    assert meter.measured == ["c1", "c1"]
    assert "1 function, 4 lines: face()" in text(await auditing.program().build_post(ALICE))


async def test_without_a_time_it_looks_back_only_when_asked(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path, cron=None)
    async with auditing.running():
        await auditing.clock.advance(3 * DAY)
    auditing.fails()
    post = await auditing.program().build_post(ALICE)
    assert "/roll" in text(post)
    assert auditing.said() == []
    assert auditing.world.key_values.bodies.get("self_audit") is None


async def test_other_times_count_while_it_runs_and_more_own_runs_than_granted_do_not(
    tmp_path: Path,
) -> None:
    auditing = Auditing(tmp_path, proposals=1)
    async with auditing.running():
        hourly = SelfAuditConfig(cron="0 * * * *", days=1, proposals=5, changes=5)
        had = auditing.audit.reconfigure(hourly, Autonomy(level=Level.REPORT))
        assert had == hourly.replace(proposals=1, changes=0)
        auditing.fails()
        await auditing.pass_time(3_600 + 60)
        assert len(auditing.said()) == 1
        assert auditing.runs() == [], "it goes no further than it may now"
        auditing.audit.reconfigure(hourly.replace(cron=None), Autonomy())
        await auditing.clock.advance(1)
        await auditing.clock.advance(2 * 3_600)
        assert len(auditing.said()) == 1


async def test_every_record_is_counted_once_wherever_the_journal_is_cut(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path)
    there = len(auditing.world.journal.actions)
    for _ in range(40):
        auditing.fails(times=1)
        auditing.clock.tick(150)
    auditing.clock.tick(14 * DAY - 40 * 150)
    auditing.fails(times=1)
    told = text(await auditing.program().build_post(ALICE))
    assert f"**1** actions ↓ (was {there + 40})" in told


async def test_a_report_is_for_listed_people(tmp_path: Path) -> None:
    with pytest.raises(NotAuthorized):
        await Auditing(tmp_path).program().build_post(MALLORY)


async def test_a_quiet_week_is_told_in_a_line(tmp_path: Path) -> None:
    post = await Auditing(tmp_path).program().build_post(ALICE)
    assert post.card is None
    assert post.text.startswith("A quiet week (12 to 19 Nov 2026): no one asked me for anything.")


async def test_what_it_did_itself_is_told_with_what_it_cost(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path)
    world, now = auditing.world, auditing.clock.now()
    auditing.fails()
    asked = await world.create_agent().request(world.make_trigger())
    run = await world.store.get(asked.id)
    await world.store.save(run.replace(status=Status.DONE, cost_usd=0.25, tokens_in=2_000))
    model = make_failure(auditing.clock).model_dump() | {
        "event": "model.executor", "kind": "model", "name": "executor", "outcome": "ok",
        "error": None, "cost_usd": 0.25, "run_id": run.id,
    }  # fmt: skip
    world.journal.append(Action.model_validate(model))
    await world.memory.remember(
        Memory(key="note:1", kind="note", text="never restart on Fridays", by="dora", at=now)
    )
    await world.key_values.put("incident:k7m2xq", incident(now))
    post = await auditing.program().build_post(ALICE)
    told = text(post)
    assert "Models cost **$0.25**" in told
    assert f"$0.25 {run.id}" in told
    assert "1 done" in told
    assert "never restart on Fridays (dora)" in told
    assert "`k7m2xq` /roll fails" in told
    assert "1 of 1 commands" not in told
    (picture,) = post.images
    assert picture.png.startswith(b"\x89PNG")
    assert len(auditing.charts.drawn) == 1


async def test_what_models_cost_is_told_from_the_ledger(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path)
    auditing.fails()
    for days, purpose in ((1, "chat"), (2, "plan"), (9, "plan")):
        charge = Charge.model_validate(
            {
                "id": f"c{days}", "at": auditing.clock.now() - timedelta(days=days),
                "account": {"purpose": purpose, "person_id": ALICE.id}, "model": "claude-opus",
                "status": 200, "outcome": "ok", "cost_usd": days, "tokens_in": 2_000,
            }
        )  # fmt: skip
        await auditing.world.ledger.charge(charge)
    told = text(await auditing.program().build_post(ALICE))
    assert "Models cost **$3.00**\n" in told
    assert "$2.00 plan" in told
    assert "$1.00 chat" in told


def incident(now: datetime, **fields: object) -> Incident:
    about = {
        "id": "k7m2xq",
        "event": "command.roll",
        "title": "/roll fails",
        "anomalies": (
            Anomaly(
                rule=Rule.REPEATED_ERROR,
                event="command.roll",
                at=now,
                value=5,
                threshold=5,
                volume=5,
            ),
        ),
        "opened_at": now,
        "last_at": now,
        "count": 5,
    }
    return Incident.model_validate({**about, **fields})


async def test_a_door_that_fails_costs_its_part_of_the_report(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path)
    auditing.fails()
    auditing.world.memory.broken = True
    auditing.world.key_values.bodies["incident:old"] = '{"written": "by another version"}'
    told = text(await auditing.program().build_post(ALICE))
    assert "/roll" in told
    assert "I could not check: incidents\nwhat was learned" in told


async def test_a_channel_that_takes_nothing_is_not_asked_again_for_the_same_day(
    tmp_path: Path,
) -> None:
    auditing = Auditing(tmp_path, proposals=3)
    async with auditing.running():
        auditing.fails()
        auditing.world.chat.gone.add(DEV)
        await auditing.pass_time(DAY)
        auditing.world.chat.gone.clear()
        await auditing.pass_time(DAY)
    assert auditing.said() == [f"self_audit:{(NINE + timedelta(days=1)).isoformat()}"]


async def proposed(
    auditing: Auditing, errors: Sequence[tuple[Capsule, str]], times: int = 5
) -> list[str]:
    """Return what runs were begun about after these failures, the most frequent first."""
    async with auditing.running():
        for number, (error, name) in enumerate(errors):
            auditing.fails(error, times - number, name)
        await auditing.pass_time(DAY)
    return [run.trigger.text for run in auditing.begun()]


def another(number: int) -> Capsule:
    return make_capsule(
        fingerprint=f"{number:012x}", function=f"f{number}", file=f"cogs/c{number}.py"
    )


async def test_runs_are_begun_for_as_many_top_faults_as_are_wanted_if_they_are_ours(
    tmp_path: Path,
) -> None:
    auditing = Auditing(tmp_path, proposals=2)
    refused = make_capsule(exception="PermissionError", fingerprint="d0d0d0d0d0d0")
    faults = [(refused, "export"), *((another(n), f"c{n}") for n in range(3))]
    begun = await proposed(auditing, faults, times=9)
    assert begun == ["/c0 failed 8 times with IndexError", "/c1 failed 7 times with IndexError"]
    for run in auditing.begun():
        assert run.trigger.person == ITSELF
        assert run.trigger.error_id is not None
        assert run.goal == "fix"


async def test_nothing_is_begun_unless_it_is_wanted(tmp_path: Path) -> None:
    assert await proposed(Auditing(tmp_path), [(another(1), "roll")]) == []


async def test_what_somebody_sees_to_already_is_not_begun_again(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path, proposals=5)
    key_values, now = auditing.world.key_values, auditing.clock.now()
    told = incident(now, fingerprint=another(1).fingerprint, run_id="abc234")
    await key_values.put("incident:k7m2xq", told)
    begun = await proposed(auditing, [(another(1), "c1"), (another(2), "c2")])
    assert begun == ["/c2 failed 4 times with IndexError"]


async def test_it_goes_no_further_than_for_incidents(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path, proposals=5)
    auditing.autonomy = Autonomy(rules={Rule.REPEATED_ERROR: Level.REPORT})
    assert await proposed(auditing, [(another(1), "c1")]) == []


async def test_a_pause_keeps_it_from_beginning_anything_and_not_from_telling(
    tmp_path: Path,
) -> None:
    auditing = Auditing(tmp_path, proposals=5)
    await auditing.world.create_agent().autonomy.pause(ALICE, "rebasing")
    assert await proposed(auditing, [(another(1), "c1")]) == []
    assert len(auditing.said()) == 1


async def test_a_store_that_fails_is_tried_again_a_minute_later(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path)
    async with auditing.running():
        await auditing.pass_time(60)
        kept = auditing.world.key_values.bodies["self_audit"]
        auditing.world.key_values.bodies["self_audit"] = "{}"
        with pytest.raises(StoreError):
            await auditing.world.key_values.get("self_audit", Run)
        await auditing.pass_time(DAY)
        assert auditing.said() == []
        auditing.world.key_values.bodies["self_audit"] = kept
        await auditing.pass_time(120)
    assert len(auditing.said()) == 1


def changing(folder: Path, **config: object) -> Auditing:
    """An audit of a program that can write what is wanted."""
    auditing = Auditing(folder, **config)
    auditing.world = ChangeHarness(folder)
    auditing.world.clock = auditing.clock
    return auditing


async def wish(auditing: Auditing, text: str, *people: Person) -> None:
    for person in people:
        await auditing.world.create_agent().wishes.keep(person, text)


async def test_what_most_people_wish_for_is_told_and_thought_over_if_that_is_wanted(
    tmp_path: Path,
) -> None:
    auditing = changing(tmp_path, changes=1)
    await wish(auditing, "add a /joke command", ALICE)
    await wish(auditing, "support time zones in reminders", ALICE, MALLORY)
    async with auditing.running():
        await auditing.pass_time(DAY)
        await auditing.pass_time(DAY)
    runs = {run.trigger.text: run for run in auditing.begun()}
    assert [*runs] == ["support time zones in reminders", "add a /joke command"]
    assert {run.goal for run in runs.values()} == {"change"}
    assert {run.trigger.person for run in runs.values()} == {ITSELF}


async def test_what_a_model_proposes_is_told_and_never_begun_without_a_person(
    tmp_path: Path,
) -> None:
    auditing = changing(tmp_path, changes=5)
    idea = AuditIdea(text="test /poll without answers", reason="It failed once.", value=4)
    auditing.reader = reader = FakeAuditReader(idea)
    async with auditing.running():
        await auditing.pass_time(DAY)
        await auditing.pass_time(DAY)
        assert auditing.begun() == []
    assert len(reader.read) == 2
    first = next(s for s in auditing.world.chat.messages if s.key.startswith("self_audit:"))
    assert "proposed by a model: test /poll without answers" in text(first.post)


async def test_without_a_model_wishes_are_told_and_nothing_is_begun(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path, changes=5)
    await wish(auditing, "add a /joke command", ALICE)
    async with auditing.running():
        await auditing.pass_time(DAY)
    assert auditing.begun() == []
    assert "Requested, but not started: 1 vote: add a /joke command (" in text(
        auditing.world.chat.messages[-1].post
    )


async def test_flags_that_decide_nothing_any_more_are_named(tmp_path: Path) -> None:
    auditing = Auditing(tmp_path)
    cogs = tmp_path / "cogs"
    cogs.mkdir()
    (cogs / "coins.py").write_text('flags.on("settled", it)\nflags.on("fresh", it)\n')
    asked = ("settled", "fresh", "gone")
    flags = auditing.world.create_agent().flags
    await flags.switch(ALICE, "settled", "all", asked_for=asked)
    auditing.clock.tick(6 * DAY)
    await flags.switch(ALICE, "fresh", "all", asked_for=asked)
    await flags.switch(ALICE, "gone", "dev", asked_for=asked)
    auditing.fails()
    told = text(await auditing.program().build_post(ALICE))
    assert "Flags that can go: `gone`: no code asks for it any more" in told
    assert "settled" not in told
    auditing.clock.tick(DAY)
    auditing.fails()
    told = text(await auditing.program().build_post(ALICE))
    assert "`settled`: on for everyone since" in told
    assert "remove it from `cogs/coins.py`" in told
    assert "fresh" not in told
