"""What the engine works with besides the model: the same doors for planner, executor, reviewer."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from bot.adapters.claude_agent._desk import QUESTIONS, Desk, Writing
from bot.adapters.claude_agent._guard import Guard
from bot.adapters.claude_agent._past_runs import PastRuns
from bot.adapters.claude_agent._program import Judge
from bot.adapters.claude_agent._remembered import Remembered
from bot.adapters.claude_agent._server import desk_server
from bot.adapters.claude_agent._tools import TOOLS
from bot.domain.errors import ConfigError
from bot.domain.evidence import Diagnosis
from bot.domain.protection import Protection
from bot.ports.agent import Assignment
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.memory import MemoryBook
from bot.ports.sandbox import Sandbox
from bot.ports.store import Store
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace
from bot.prompts import Prompts
from bot.settings import checks_from

READING = ("Read", "Grep", "Glob")
WRITING = ("Edit", "Write", "Bash")
_REMEMBERED = 5
_CONFIG = "data/config.yaml"


@dataclass(frozen=True)
class Seat:
    """What one conversation is given: tools, and who rules on their use."""

    desk: Desk
    tools: tuple[str, ...]
    server: object | None
    judge: Judge


@dataclass(frozen=True)
class Doors:
    """Borrowed from the root, for as long as the engine lives."""

    prompts: Prompts
    sandbox: Sandbox
    verifier: Verifier
    journal: Journal
    store: Store
    memory: MemoryBook
    clock: Clock
    protection: Protection

    @property
    def past(self) -> Remembered:
        """Return what is remembered: earlier runs, and what was learned from them."""
        return Remembered(PastRuns(self.store), self.memory)

    def reader(self, run_id: str, workspace: Workspace, tools: Sequence[str] = ()) -> Seat:
        """Return the seat of somebody who only reads. Raises `AgentMissing`."""
        guard = Guard(workspace.path, protection=self.protection, sandbox=self.sandbox, tools=tools)
        desk = Desk(workspace, run_id=run_id, journal=self.journal, past=self.past)
        return Seat(desk, READING, desk_server(desk, tools) if tools else None, guard.rule)

    async def writer(self, assignment: Assignment, workspace: Workspace) -> Seat:
        """Return the seat of who carries out a plan. Raises `AgentMissing`.

        Files that were asked for before a question was, and changed, are asked for again here: the
        same rules answer.
        """
        protection = self.protection.naming(assignment.named)
        guard = Guard(
            workspace.path,
            owned=assignment.plan.owned_files,
            protection=protection,
            sandbox=self.sandbox,
            tools=tuple(TOOLS),
        )
        desk = Desk(
            workspace,
            run_id=assignment.run_id,
            journal=self.journal,
            past=self.past,
            writing=Writing(
                guard=guard,
                verifier=self.verifier,
                plan=assignment.plan,
                protection=protection,
                questions=QUESTIONS - (assignment.question is not None),
            ),
        )
        if assignment.answer is not None:
            ours = {test.path for test in assignment.plan.reproductions}
            for change in await workspace.changes():
                if change.path not in guard.owned | ours:
                    reason = "It was changed before the question was asked."
                    await desk.call("own_file", {"path": change.path, "reason": reason})
        return Seat(desk, (*READING, *WRITING), desk_server(desk, tuple(TOOLS)), guard.rule)

    async def checks(self, workspace: Workspace) -> str:
        """Return the commands that will judge a change, a line each; empty where none are told."""
        text = await workspace.read_base(_CONFIG)
        if text is None:
            return ""
        try:
            checks = checks_from(text, _CONFIG)
        except ConfigError:
            return ""  # whoever runs the checks says what is wrong with them
        return "\n".join(f"{check.name}: {shlex.join(check.command)}" for check in checks.quick)

    async def remembered(self, run_id: str, diagnosis: Diagnosis) -> tuple[str, ...]:
        """Return what earlier runs about this kind of failure came to, a line each."""
        words = f"{diagnosis.headline} {diagnosis.event} {diagnosis.function}"
        return await self.past.runs(words, diagnosis.fingerprint, run_id, _REMEMBERED)
