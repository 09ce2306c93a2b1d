"""The services of the engine besides the model, shared by planner, executor and reviewer."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from theseus_guard.protection import Protection
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.claude_agent.program._program import Judge
from bot.adapters.claude_agent.prompting._request_pictures import RequestPictures
from bot.adapters.claude_agent.prompting._run_memory import RunMemory
from bot.adapters.claude_agent.tools._outside_tools import OutsideTools
from bot.adapters.claude_agent.tools._past_runs import PastRuns
from bot.adapters.claude_agent.tools._research_tools import RESEARCH_TOOLS, ResearchTools
from bot.adapters.claude_agent.tools._server import build_server
from bot.adapters.claude_agent.tools._skill_tool import SkillTool, append_skills
from bot.adapters.claude_agent.tools._tool_handlers import QUESTIONS, ToolHandlers, WriteAccess
from bot.adapters.claude_agent.tools._tool_permissions import TODO_TOOL, ToolPermissionPolicy
from bot.adapters.claude_agent.tools._tools import BOARD_TOOL, TOOLS
from bot.domain.errors import ConfigError
from bot.domain.evidence import Diagnosis
from bot.domain.part_notes import BoardSeat
from bot.domain.skill import SkillRole
from bot.ports.agent import Assignment
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.memory import MemoryStore
from bot.ports.store import Store
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace
from bot.prompts import Prompts
from bot.research.run_research import RunResearch
from bot.settings import parse_checks
from bot.skills import SkillLibrary
from bot.tools.calls import FindToolCalls, ToolUser, find_no_tools

READING = ("Read", "Grep", "Glob")
WRITING = ("Edit", "Write", "Bash")
_REMEMBERED = 5  # earlier runs in a prompt
_CONFIG = "data/config.yaml"
_LOOKBACK = timedelta(days=14)
_SAMPLES = 20  # the newest times of a check


@dataclass(frozen=True)
class ToolSession:
    """The tools of one conversation, the judge of their calls, and the list of skills."""

    handlers: ToolHandlers
    tools: tuple[str, ...]
    server: object | None
    judge: Judge
    skills: str = ""

    def build_system_prompt(self, system: str) -> str:
        """Return the system prompt with the list of skills."""
        return append_skills(system, self.skills)


@dataclass(frozen=True)
class EngineServices:
    """The services of the engine. They are borrowed; the engine does not close them.

    `is_own` is false if it changes a bot that is not built on Theseus.
    """

    prompts: Prompts
    sandbox: Sandbox
    verifier: Verifier
    journal: Journal
    store: Store
    memory: MemoryStore
    clock: Clock
    protection: Protection
    skills: SkillLibrary = field(default_factory=SkillLibrary)
    pictures: RequestPictures | None = None
    research: RunResearch | None = None
    find_tools: FindToolCalls = find_no_tools
    is_own: bool = True

    @property
    def run_memory(self) -> RunMemory:
        """The memory of earlier runs and of the lessons from them."""
        return RunMemory(PastRuns(self.store), self.memory)

    def open_reader(
        self,
        run_id: str,
        workspace: Workspace,
        tools: Sequence[str],
        role: SkillRole,
        research: ResearchTools | None = None,
    ) -> ToolSession:
        """Return the tools for a role that only reads. Raises `AgentMissing`."""
        skills = SkillTool(self.skills, role, run_id)
        outside = self._open_outside(role, run_id)
        permissions = ToolPermissionPolicy(
            workspace.path,
            protection=self.protection,
            sandbox=self.sandbox,
            tools=(
                *tools,
                *skills.names,
                *(RESEARCH_TOOLS if research else ()),
                *outside.names,
            ),
        )
        handlers = ToolHandlers(
            workspace, run_id=run_id, journal=self.journal, memory=self.run_memory
        )
        return ToolSession(
            handlers,
            READING,
            build_server(handlers, tools, skills=skills, research=research, outside=outside),
            skills.wrap_judge(permissions.judge),
            skills.render_list(self.prompts),
        )

    def _open_outside(self, role: SkillRole, run_id: str) -> OutsideTools:
        """Return the tools of MCP servers, used for the person who asked for the run."""
        if role not in ("planner", "executor"):
            return OutsideTools(None, "planner")

        async def find_user() -> ToolUser:
            run = await self.store.get(run_id)
            place = run.trigger.place
            channel_id = run.thread_id or place.thread_id or place.channel_id
            return ToolUser(run.trigger.person, role, channel_id, run_id)

        return OutsideTools(self.find_tools(), role, find_user)

    async def open_writer(
        self, assignment: Assignment, workspace: Workspace, board: BoardSeat | None = None
    ) -> ToolSession:
        """Return the tools for a role that carries out a plan. Raises `AgentMissing`.

        After a question was answered, files that were granted and changed before it are requested
        again here. The same rules decide.
        """
        protection = self.protection.add_named_files(assignment.named)
        skills = SkillTool(self.skills, "executor", assignment.run_id)
        tools = [name for name in TOOLS if name != BOARD_TOOL or board is not None]
        outside = self._open_outside("executor", assignment.run_id)
        permissions = ToolPermissionPolicy(
            workspace.path,
            owned_files=assignment.plan.owned_files,
            protection=protection,
            sandbox=self.sandbox,
            tools=(*tools, *skills.names, *outside.names),
        )
        handlers = ToolHandlers(
            workspace,
            run_id=assignment.run_id,
            journal=self.journal,
            memory=self.run_memory,
            writing=WriteAccess(
                permissions=permissions,
                verifier=self.verifier,
                plan=assignment.plan,
                protection=protection,
                questions=QUESTIONS - (assignment.question is not None),
                not_done=assignment.previous.not_done if assignment.previous else (),
                draft=_find_draft(assignment),
                board=board,
            ),
        )
        if assignment.answer is not None:
            reproduction_files = {test.path for test in assignment.plan.reproductions}
            for change in await workspace.list_changes():
                if change.path not in permissions.owned_files | reproduction_files:
                    await handlers.grant_changed_file(change.path)
        return ToolSession(
            handlers,
            (*READING, *WRITING, TODO_TOOL),
            build_server(handlers, tools, skills=skills, outside=outside),
            skills.wrap_judge(permissions.judge),
            skills.render_list(self.prompts),
        )

    async def render_checks(self, workspace: Workspace) -> str:
        """Return the commands that check a change, with their times; "" if there are none."""
        text = await workspace.read_base(_CONFIG)
        if text is None:
            return ""
        try:
            checks = parse_checks(text, _CONFIG)
        except ConfigError:
            return ""  # the verifier reports the invalid configuration
        return "\n".join(
            [
                f"{check.name}: {shlex.join(check.command)}{await self._describe_time(check.name)}"
                for check in checks.quick
            ]
        )

    async def _describe_time(self, name: str) -> str:
        """Return how long a check took in the last days; "" if it did not run."""
        now = self.clock.now()
        samples = await self.journal.list_samples(
            since=now - _LOOKBACK, until=now, event=f"check.{name}"
        )
        times = [sample.duration_ms for sample in samples if sample.duration_ms is not None]
        return f" (usually {median(times[-_SAMPLES:]) / 1000:.0f} s)" if times else ""

    async def list_memories(self, run_id: str, diagnosis: Diagnosis) -> tuple[str, ...]:
        """Return one line for each earlier run about this kind of failure."""
        query = f"{diagnosis.headline} {diagnosis.event} {diagnosis.function}"
        return await self.run_memory.list_runs(query, diagnosis.fingerprint, run_id, _REMEMBERED)


def _find_draft(assignment: Assignment) -> tuple[str, str] | None:
    """Return the title and body that an earlier round drafted."""
    previous = assignment.previous
    return (previous.title, previous.description) if previous and previous.title else None
