"""The claude engine on the faulty project: the real program, real git, and a scripted model."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from theseus_guard.protection import Protection
from theseus_observe.redaction import redact
from theseus_rehearsal.ports.rehearsal import Rehearsal

from bot.adapters.claude_agent import (
    Claude,
    ClaudeOptions,
    ClaudePlanner,
    EngineServices,
    RequestPictures,
    build_claude_engine,
)
from bot.adapters.git_trees import GitTrees
from bot.adapters.git_workspace import GitWorkspaces
from bot.adapters.sandbox import choose_sandbox
from bot.adapters.system_clock import SystemClock
from bot.domain.change import Grant, Verdict
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.journal import Capsule, Frame
from bot.domain.part_notes import BoardSeat
from bot.domain.people import Person, Place
from bot.domain.plan import AffectedTests, Plan, Step
from bot.domain.roles import Role
from bot.domain.run import Run, Trigger
from bot.infra.git import Git
from bot.ports.agent import Assignment, Budget, CodeAgent, Update
from bot.ports.clock import Clock
from bot.ports.planner import Case
from bot.ports.workspace import Workspace
from bot.prompts import Prompts
from bot.research.run_research import RunResearch
from bot.self_improvement.checks.quality_gate import QualityGate
from bot.self_improvement.checks.start_check import StartCheck
from bot.self_improvement.checks.worktree_check import WorktreeCheck
from bot.self_improvement.runs.transitions import create_run
from bot.self_improvement.steps._assignment import add_granted_files
from bot.skills import SkillLibrary
from bot.tools import ToolCalls
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_memory import FakeMemory
from tests.fakes.fake_model_gateway import FakeModelGateway
from tests.fakes.fake_report_pictures import FakeReportPictures
from tests.fakes.fake_store import FakeStore
from tests.fakes.fake_verifier import FakeVerifier, Look
from tests.fakes.faulty_project import (
    is_broken,
    make_faulty_project,
    make_reproduction,
    make_single_evidence,
)
from tests.twins.model import Message, ScriptedModel, Story, call_tool

ROOT = Path(__file__).resolve().parents[2]
RUN = "k7m2xq"
ADA = Person(id=7, name="ada")
BUDGET = Budget(seconds=60, usd=5)
ROLE = Role(model="sonnet", seconds=60, usd=5)
PROTECTION = Protection.create(never=("data/**", ".git*"))
CAPSULE = Capsule(
    exception="IndexError",
    message="string index out of range",
    fingerprint="5dc1e6ef0000",
    frames=(Frame(file="dice.py", line=8, function="face", arguments={"value": "6"}),),
)
DRAFT = Plan(
    problem="face raises IndexError",
    solution="the smallest edit",
    steps=(Step(summary="Edit dice.py", owned_files=("dice.py",)),),
    reproduction=make_reproduction(),
    affected=AffectedTests(files=("tests/test_dice.py",), options=("-q",)),
)


def make_evidence(base: str) -> Evidence:
    """Return what was seen of the fault."""
    return make_single_evidence(CAPSULE, base)


def make_assignment(base: str, **changes: object) -> Assignment:
    """Return the first round of work on the fault."""
    assignment = Assignment(
        run_id=RUN,
        round=1,
        evidence=make_evidence(base),
        diagnosis=Diagnosis(found=True, headline="1 IndexError", cause="face", file="dice.py"),
        plan=DRAFT,
    )
    return assignment.replace(**changes)


def make_run(person: Person = ADA) -> Run:
    """Return the run of the fault, asked for by that person in message 6."""
    now = FakeClock().now()
    trigger = Trigger(
        key="message:6",
        goal="fix",
        person=person,
        place=Place(channel_id=5, message_id=6),
        text="rolling dice keeps crashing, fix it",
        at=now,
    )
    return create_run(trigger, RUN, now)


def make_case(base: str) -> Case:
    """Return the case of the fault that a planner receives."""
    evidence = make_evidence(base)
    return Case(
        run_id=RUN,
        text="rolling dice keeps crashing, fix it",
        evidence=evidence,
        diagnosis=Diagnosis(
            found=True,
            headline="1 IndexError from /roll",
            cause="`face` raises IndexError.",
            event="command.roll",
            file="dice.py",
            line=8,
            function="face",
            evidence_ids=evidence.groups[0].action_ids,
        ),
    )


def fix_dice(after: str = "FACES[value - 1]", before: str = "FACES[value]") -> Sequence[Message]:
    """Read the file at fault, and edit it."""
    edit = call_tool("Edit", file_path="dice.py", old_string=before, new_string=after)
    return (call_tool("Read", file_path="dice.py"), edit)


@dataclass
class ClaudeRoom:
    """The engine, its model, and a worktree of the faulty project."""

    model: ScriptedModel
    workspace: Workspace
    base: str
    start: Callable[[], tuple[CodeAgent, ClaudePlanner]]
    gateway: FakeModelGateway
    check: WorktreeCheck

    async def work(self, board: BoardSeat | None = None, **changes: object) -> list[Update]:
        """Run an engine that was just started until its final message."""
        agent, _ = self.start()
        assignment = make_assignment(self.base, **changes)

        async def check_up(granted: Sequence[Grant]) -> Verdict:
            plan = add_granted_files(assignment.plan, tuple(granted))
            return await self.check(assignment.replace(plan=plan), self.workspace)

        work = agent.work(assignment, self.workspace, BUDGET, checkup=check_up, board=board)
        async with aclosing(work) as updates:
            return [update async for update in updates]

    def read_dice(self) -> str:
        """Return the content of the faulty file."""
        return (self.workspace.path / "dice.py").read_text(encoding="utf-8")


@asynccontextmanager
async def open_claude_room(
    folder: Path,
    story: Story,
    *,
    reviewer: Role | None = None,
    clock: Clock | None = None,
    files: Mapping[str, str] | None = None,
    skills: SkillLibrary | None = None,
    checks: Mapping[str, Look] | None = None,
    screenshots: Sequence[bytes] = (),
    rehearsal: Rehearsal | None = None,
    research: RunResearch | None = None,
    tools: tuple[ToolCalls, Person] | None = None,
) -> AsyncIterator[ClaudeRoom]:
    """Open the room with additional `files` and `checks`; without a `reviewer`, nobody reviews.

    With a `rehearsal`, the project is started in it as a check. `tools` are calls of MCP servers,
    and the person who has asked for the run.
    """
    verifier = FakeVerifier(broken=is_broken, checks=checks)
    base = make_faulty_project(folder / "checkout", **(files or {}))
    store, pictures = FakeStore(), FakeReportPictures()
    if screenshots or tools:
        await store.create(make_run(tools[1] if tools else ADA))
    if screenshots:
        pictures.files[6, 7] = list(screenshots)
    sandbox = await choose_sandbox("auto", required=False)
    services = EngineServices(
        prompts=Prompts(ROOT / "prompts"),
        sandbox=sandbox,
        verifier=verifier,
        journal=FakeJournal([make_evidence(base).groups[0].newest]),
        store=store,
        memory=FakeMemory(),
        clock=clock or SystemClock(),
        protection=PROTECTION,
        skills=skills or SkillLibrary(),
        pictures=RequestPictures(store, pictures) if screenshots else None,
        research=research,
        find_tools=lambda: tools[0] if tools else None,
    )
    async with (
        ScriptedModel(story) as model,
        GitWorkspaces(folder / "checkout", folder / "worktrees").open(RUN, base=base) as workspace,
    ):
        options = ClaudeOptions(home=folder / "home", sandbox=sandbox, retries=0)
        gateway = FakeModelGateway(model.base_url)

        def start() -> tuple[CodeAgent, ClaudePlanner]:
            claude = Claude(options, services.clock, gateway)
            return build_claude_engine(
                claude, services, planner=ROLE, executor=ROLE, reviewer=reviewer
            )

        trees = GitTrees(Git(folder / "checkout"))
        start_check = StartCheck(rehearsal, trees, services.clock) if rehearsal else None
        gate = QualityGate(verifier, protection=PROTECTION, redact=redact, start=start_check)
        check = WorktreeCheck(gate, verifier)
        yield ClaudeRoom(model, workspace, base, start, gateway, check)
