"""An engine that does what a script says: the edits are prepared, all else is real."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from pydantic import Field
from theseus_guard.record import Record
from theseus_rehearsal.ports.sandbox import Sandbox, SandboxLimits

from bot.domain.errors import AgentUnavailable
from bot.domain.part_notes import BoardSeat
from bot.ports.agent import (
    Assignment,
    Budget,
    Checkup,
    Finished,
    News,
    Progress,
    Update,
    get_no_news,
    skip_checkup,
)
from bot.ports.workspace import Workspace


class Turn(Record):
    """What the engine does in one round, in this order."""

    run: tuple[str, ...] = Field(default=(), description="a command, in the sandbox")
    edits: tuple[tuple[str, str, str], ...] = Field(default=(), description="file, before, after")
    files: dict[str, str | None] = Field(default_factory=dict, description="`None` removes one")
    changed: bool = Field(default=True, description="what it claims")
    summary: str = "the fix from the script"


class ScriptedEngine:
    """Implements `bot.ports.agent.CodeAgent`.

    `script` is a JSON file: the turns for each function that may be at fault. The last turn is
    done again in later rounds.
    """

    name = "scripted"
    can_follow_instructions = False

    def __init__(self, script: Path, sandbox: Sandbox) -> None:
        self._script = script
        self._sandbox = sandbox

    async def work(
        self,
        assignment: Assignment,
        workspace: Workspace,
        budget: Budget,
        news: News = get_no_news,
        checkup: Checkup = skip_checkup,
        board: BoardSeat | None = None,
    ) -> AsyncGenerator[Update, None]:
        """Do the turn of this round; see the port."""
        turn = await asyncio.to_thread(self._load_turn, assignment)
        yield Progress(text=f"round {assignment.round} of the script")
        if turn.run:
            await self._sandbox.run(
                turn.run,
                cwd=workspace.path,
                writable=[workspace.path],
                env={},
                limits=SandboxLimits(seconds=budget.seconds),
            )
        await asyncio.to_thread(_apply, turn, workspace.path)
        yield Finished(changed=turn.changed, summary=turn.summary)

    def _load_turn(self, assignment: Assignment) -> Turn:
        script = json.loads(self._script.read_text(encoding="utf-8"))
        turns: Sequence[object] = script.get(assignment.diagnosis.function, ())
        if not turns:
            raise AgentUnavailable(f"the script has no turn for {assignment.diagnosis.function}")
        return Turn.model_validate(turns[min(assignment.round, len(turns)) - 1])


def _apply(turn: Turn, root: Path) -> None:
    for name, before, after in turn.edits:
        text = (root / name).read_text(encoding="utf-8")
        (root / name).write_text(text.replace(before, after), encoding="utf-8")
    for name, content in turn.files.items():
        file = root / name
        if content is None:
            file.unlink(missing_ok=True)
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
