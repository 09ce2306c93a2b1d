"""The agent with a fake behind every port, and a fault in the code that it maintains."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

from rehearsal_tests.fake_rehearsal import FakeRehearsal
from theseus_guard.protection import Protection

from bot.app.targets import NO_TARGETS, OpenedTargets
from bot.authority.announcements import DevChannelAnnouncer
from bot.authority.approvals import ApprovalRequest
from bot.authority.emergency_stop import ShutdownHook
from bot.authority.flags import FlagRepository
from bot.authority.kill_switch import KillSwitchGuard
from bot.budget.enforcement import BudgetEnforcer
from bot.domain.budget import BudgetRules
from bot.domain.people import AllowList, PeopleList, Person, Place
from bot.domain.proposal import ForgeProposal
from bot.domain.run import Goal, Run, Status, Trigger, Waiting
from bot.domain.watch import WatchRules
from bot.infra.injector import Injector
from bot.intake import FailureMatcher
from bot.ports.agent import Budget, CodeAgent
from bot.ports.candidate_voter import CandidateVoter
from bot.ports.charts import Charts
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.forge import Forge
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.live_registry import LiveRegistry
from bot.ports.member_directory import MemberDirectory
from bot.ports.memory import MemoryStore
from bot.ports.planner import Planner
from bot.ports.recorder import ActionRecorder
from bot.ports.store import Store
from bot.ports.verifier import Verifier
from bot.ports.workspace import Checkout, Workspaces
from bot.research.run_research import RunResearch
from bot.self_improvement import RunSettings, ShippedFixes
from bot.self_improvement.assembly import assemble
from bot.self_improvement.checks.answer_inquiry import AnswerInquiry
from bot.self_improvement.checks.behaviour_check import BehaviourCheck
from bot.self_improvement.checks.failure_replays import FailureReplays
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.checks.start_check import CommitCheck
from bot.self_improvement.checks.trials import ProposalTrials
from bot.self_improvement.checks.worktree_check import WorktreeCheck
from bot.self_improvement.requests.evidence_collector import EvidenceCollector
from bot.self_improvement.runs.code_agent_runner import CodeAgentRunner
from bot.self_improvement.runs.deployer import Deployer, ShipmentDeployer
from bot.self_improvement.runs.engine_choice import WritingEngines
from bot.self_improvement.runs.live_version import LiveVersion, OwnVersion
from bot.self_improvement.steps.diagnose import FaultAnalyzer
from bot.self_improvement.steps.plan import PlanBuilder
from bot.self_improvement.steps.propose import PullRequestPublisher
from bot.self_improvement.watch.feedback import FeedbackService, build_record_lookup
from bot.self_improvement.watch.fix_evaluator import FixEvaluator
from bot.self_improvement.watch.use_evaluator import UseEvaluator
from bot.telemetry import JournalledForge, JournalledVerifier, Recorder
from tests.fakes.fake_agent import FakeAgent
from tests.fakes.fake_charts import FakeCharts
from tests.fakes.fake_chat import FakeChat
from tests.fakes.fake_checkout import FakeCheckout
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_commit_trees import FakeCommitTrees
from tests.fakes.fake_forge import FakeForge, render
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_key_value_store import FakeKeyValueStore
from tests.fakes.fake_kill_switch import FakeKillSwitch
from tests.fakes.fake_ledger import FakeLedger
from tests.fakes.fake_live_registry import FakeLiveRegistry
from tests.fakes.fake_member_directory import FakeMemberDirectory
from tests.fakes.fake_memory import FakeMemory
from tests.fakes.fake_runtime import FakeRuntime
from tests.fakes.fake_store import FakeStore
from tests.fakes.fake_traffic import FakeTraffic, catch_up
from tests.fakes.fake_verifier import FakeVerifier
from tests.fakes.fake_workspaces import FakeWorkspaces
from tests.support.agent_under_test import AgentUnderTest
from tests.support.crash_point import CrashPoint, Killed, add_crash_point
from tests.support.dice_project import BROKEN as BROKEN
from tests.support.dice_project import FILES as FILES
from tests.support.dice_project import FIX as FIX
from tests.support.dice_project import FIXED as FIXED
from tests.support.dice_project import is_broken as is_broken
from tests.support.failures import DEV as DEV
from tests.support.failures import make_capsule as make_capsule
from tests.support.failures import make_failure as make_failure
from tests.support.thread_reader import ThreadReader, is_waiting_or_ended

BUDGET = Budget(seconds=60)
LOOKBACK = timedelta(hours=24)
GUILD = 1
ALICE, BOB = Person(id=1, name="alice"), Person(id=2, name="bob", role_ids=frozenset({77}))
DORA, MALLORY = Person(id=3, name="dora"), Person(id=4, name="mallory")
PEOPLE = AllowList(
    developers=PeopleList(users=frozenset({DORA.id})),
    approvers=PeopleList(users=frozenset({ALICE.id}), roles=frozenset({77})),
)


class AgentHarness(ThreadReader):
    """Everything the agent uses; it outlives the agent, as the real services do."""

    def __init__(
        self, folder: Path, *, store: Store | None = None, clock: FakeClock | None = None
    ) -> None:
        self.clock = clock or FakeClock()
        self.store: Store = store or FakeStore()
        self.key_values, self.memory = FakeKeyValueStore(), FakeMemory()
        self.live_registry = FakeLiveRegistry(self.clock)
        self.flags = FlagRepository(self.key_values)
        self.ledger, self.budget, self.chat = FakeLedger(), BudgetRules(), FakeChat()
        self.workspaces = FakeWorkspaces(folder / "worktrees", FILES)
        self.forge = FakeForge(
            on_merge=[self._on_merge], fetched=lambda head: head in self.workspaces.fetched
        )
        self.checkout = FakeCheckout(
            files=dict(FILES), history=[self.workspaces.base], trees=self.forge.trees
        )
        self.journal = FakeJournal([make_failure(self.clock) for _ in range(3)])
        self.verifier = FakeVerifier(broken=is_broken)
        self.trees, self.rehearsal = FakeCommitTrees(self.workspaces.snapshots), FakeRehearsal()
        self.engine, self.traffic = FakeAgent(FIX), FakeTraffic()
        self.call_budget = BUDGET
        self.watch: WatchRules | None = None
        self.use_days = 7.0
        self.behaviour: BehaviourCheck | None = None
        self.replays: FailureReplays | None = None
        self.start: CommitCheck | None = None
        self.inquiry: AnswerInquiry | None = None
        self.fallback_engine: CodeAgent | None = None
        self.planner: Planner | None = None
        self.voter: CandidateVoter | None = None
        self.research: RunResearch | None = None
        self.runtime, self.kill_switch = FakeRuntime(), FakeKillSwitch()
        self.has_kill_switch_crashes = False  # whether a kill may happen when the switch is read
        self.member_directory: MemberDirectory = FakeMemberDirectory((ALICE, BOB, DORA, MALLORY))
        looks = timedelta(hours=1)  # how often the kill switch is read: tests move time by days
        self.limits = RunSettings(people=PEOPLE, dev_channel_id=DEV, kill_switch=looks)
        self.protection = Protection.create(review=("bot/**",), named=("Makefile",))
        self.owner, self.folder, self.gate = "world", folder, asyncio.Event()
        self._notifier: Chat | None = None
        self.shutdown_hooks: list[ShutdownHook] = []
        self.targets: OpenedTargets = NO_TARGETS
        self.other_bots: tuple[str, ...] = ()  # names of targets with fakes of their own
        self.gate.set()

    def use_chat(self, chat: Chat) -> None:
        """Make later agents use a real chat instead of the fake one."""
        self._notifier = chat

    def _on_merge(self, pull: ForgeProposal, commit: str) -> None:
        self.workspaces.add_merge(pull.head, commit)
        self.checkout.advance({"cogs/dice.py": FIXED}, commit)

    def create_agent(
        self, crash_point: CrashPoint | None = None, injector: Injector | None = None
    ) -> AgentUnderTest:
        """Return the agent of a newly started program, with a crash point at every port."""
        crash_point = crash_point or CrashPoint()
        crash_point.gate = self.gate
        injector = injector or Injector()
        self._add_ports(injector, crash_point)
        self._add_workers(injector, crash_point)
        fakes = {name: self._make_target(injector, crash_point) for name in self.other_bots}
        assemble(
            injector,
            self.limits,
            owner=self.owner,
            commands=self.runtime.list_commands,
            shutdown_hooks=self.shutdown_hooks,
            others={**self.targets.injectors, **fakes},
            refusals=self.targets.refusals,
        )
        return AgentUnderTest(injector)

    def _add_ports(self, injector: Injector, crash_point: CrashPoint) -> None:
        journal = add_crash_point(self.journal, crash_point)
        recorder = Recorder(journal, self.clock, self.folder, b"salt", lambda: None)
        switch = (
            add_crash_point(self.kill_switch, crash_point)
            if self.has_kill_switch_crashes
            else self.kill_switch
        )
        self.stop_guard = KillSwitchGuard(switch)
        budget = BudgetEnforcer(
            self.ledger, self.clock, self.budget, stopped=self.stop_guard.get_stop
        )
        for port, kind in (
            (add_crash_point(self.store, crash_point), Store),
            (add_crash_point(self._notifier or self.chat, crash_point), Chat),
            (add_crash_point(self.workspaces, crash_point), Workspaces),
            (add_crash_point(self.checkout, crash_point), Checkout),
            (add_crash_point(self.key_values, crash_point), KeyValueStore),
            (add_crash_point(self.member_directory, crash_point), MemberDirectory),
            (JournalledForge(add_crash_point(self.forge, crash_point), recorder), Forge),
            (JournalledVerifier(add_crash_point(self.verifier, crash_point), recorder), Verifier),
            (journal, Journal),
            (self.clock, Clock),
            (self.memory, MemoryStore),
            (self.flags, FlagRepository),
            (self.stop_guard, KillSwitchGuard),
            (budget, BudgetEnforcer),
            (FakeCharts(), Charts),
            (self.live_registry, LiveRegistry),
        ):
            injector.add(port, kind)
        injector.add(recorder, Recorder, ActionRecorder)
        injector.build(DevChannelAnnouncer, dev_channel_id=self.limits.dev_channel_id)

    def _make_target(self, parent: Injector, crash_point: CrashPoint) -> Injector:
        """Return the parts of another bot, with a repository, a forge and a journal of its own."""
        injector = Injector()
        injector.take(
            parent, Clock, Store, KeyValueStore, KillSwitchGuard, BudgetEnforcer, Recorder,
            ActionRecorder,
        )  # fmt: skip
        workspaces = FakeWorkspaces(self.folder / "other-worktrees", FILES)
        checkout = FakeCheckout(files=dict(FILES), history=[workspaces.base])
        for port, kind in (
            (FakeForge(), Forge), (workspaces, Workspaces), (checkout, Checkout),
            (FakeJournal(), Journal), (FakeMemory(), MemoryStore),
            (FakeVerifier(broken=is_broken), Verifier),
        ):  # fmt: skip
            injector.add(port, kind)
        self._add_workers(injector, crash_point)
        injector.build(OwnVersion, LiveVersion)
        return injector

    def _add_workers(self, injector: Injector, crash_point: CrashPoint) -> None:
        """Add what does the work of the steps; parts that the test leaves out stay missing."""
        build, list_commands = injector.build, self.runtime.list_commands
        for part in (self.behaviour, self.inquiry, self.research):
            if part is not None:
                injector.add(part)
        if self.start is not None:
            injector.add(self.start, CommitCheck)
        if self.replays is not None:
            injector.add(self.replays, FailureReplays)
        matcher = build(
            FailureMatcher,
            lookback=LOOKBACK,
            load_fixes=build(ShippedFixes),
            commands=list_commands,
        )
        build(EvidenceCollector, match=matcher.find_evidence, lookback=LOOKBACK)
        build(FaultAnalyzer, planner=self.planner)
        build(PlanBuilder, planner=self.planner)
        if self.voter is not None:
            injector.add(self.voter, CandidateVoter)
        build(QualityGate, protection=self.protection, redact=str)
        build(PullRequestPublisher, repository="repo", base_branch="main", render=render)
        build(Deployer, ShipmentDeployer, runtime=add_crash_point(self.runtime, crash_point))
        build(ProposalTrials, rehearsal=self.rehearsal, trees=self.trees, traffic=self.traffic)
        build(FeedbackService, answered=build_record_lookup(self.traffic, "i-{}".format, catch_up))
        if self.watch is not None:
            build(FixEvaluator, rules=self.watch)
            build(UseEvaluator, rules=self.watch, commands=list_commands, days=self.use_days)
        spare, check = self.fallback_engine, build(WorktreeCheck)
        injector.add(
            WritingEngines(
                CodeAgentRunner(self.engine, self.clock, budget=self.call_budget, check=check),
                CodeAgentRunner(spare, self.clock, budget=BUDGET, check=check) if spare else None,
            )
        )

    @asynccontextmanager
    async def run_agent(
        self, crash_point: CrashPoint | None = None
    ) -> AsyncIterator[AgentUnderTest]:
        """Run the program; leaving shuts it down, and a triggered crash point ends it as kill -9
        would.
        """
        agent = self.create_agent(crash_point)
        working = asyncio.create_task(agent.run_forever())
        try:
            yield agent
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError, Killed):
                try:
                    await working
                except BaseExceptionGroup as group:
                    _, other = group.split((Killed, asyncio.CancelledError))
                    if other is not None:
                        raise other from None

    @asynccontextmanager
    async def block_store(self) -> AsyncIterator[None]:
        """Block every access to the store until the block ends."""
        self.gate.clear()
        try:
            yield
        finally:
            self.gate.set()

    # What people do

    def make_trigger(
        self,
        subject: str = "rolling dice",
        *,
        goal: Goal = "fix",
        person: Person = ALICE,
        key: str = "",
        error_id: str | None = None,
        is_verbatim: bool = True,
    ) -> Trigger:
        """Return a person's request, posted as a new message in the dev channel."""
        message = self.chat.add_message(DEV)
        return Trigger(
            key=key or f"message:{message.message_id}",
            goal=goal,
            person=person,
            place=Place(channel_id=DEV, message_id=message.message_id, guild_id=GUILD),
            text=f"{subject} keeps crashing, fix it",
            is_verbatim=is_verbatim,
            subject=subject,
            error_id=error_id,
            at=self.clock.now(),
        )

    def build_approval(self, run: Run, person: Person = ALICE, **about: object) -> ApprovalRequest:
        """Return the approval "ship it", said in the run's thread."""
        return ApprovalRequest.model_validate(
            {"person": person, "how": "text", "thread_id": run.thread_id, **about}
        )

    # Waiting

    async def wait_until(
        self, true: Callable[[Run], bool], run_id: str, *, within: float = 10
    ) -> Run:
        """Return the run once `true` holds for it; fake time advances meanwhile."""
        try:
            async with asyncio.timeout(within):
                while not true(run := await self.store.get(run_id)):
                    await self.clock.advance(0.25)
        except TimeoutError:
            raise AssertionError(f"{run!r} never got there; said: {self.list_texts(run)}") from None
        return run

    async def wait_until_settled(self, run_id: str) -> Run:
        """Return the run once it has ended, or waits for an approval and its card is visible."""
        run = await self.wait_until(is_waiting_or_ended, run_id)
        while run.waiting is Waiting.APPROVAL and not await self.has_card(run):
            await self.clock.advance(0.25)
            run = await self.wait_until(is_waiting_or_ended, run_id)
        return run

    async def wait_until_ended(self, run_id: str) -> Run:
        """Return the run once it has ended and posted its final message."""
        return await self.wait_until(
            lambda run: (
                run.has_ended
                and f"{run.id}:{run.goal}:ended:{run.attempt}" in self.list_final_keys(run)
            ),
            run_id,
        )

    async def propose_fix(
        self, agent: AgentUnderTest, subject: str = "rolling dice", person: Person = ALICE
    ) -> Run:
        """Ask for a fix and return the run with its proposal."""
        asked = await agent.request(self.make_trigger(subject, person=person))
        run = await self.wait_until_settled(asked.id)
        assert run.status is Status.WAITING, (run.reason, self.list_texts(run))
        return run
