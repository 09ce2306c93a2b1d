"""Conversations between the real Claude Code program and a scripted model, in separate folders."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.adapters.claude_agent.program._events import (
    ModelReply,
    ModelText,
    Seen,
    ToolCall,
    ToolResult,
)
from bot.adapters.claude_agent.program._program import (
    Claude,
    ClaudeOptions,
    ProgramConversation,
    Talk,
)
from bot.adapters.system_clock import SystemClock
from bot.domain.roles import Role
from tests.fakes.fake_model_gateway import ACCOUNT, KEY, FakeModelGateway
from tests.support.local_sandbox import choose_local_sandbox
from tests.twins.model import ScriptedModel
from tests.twins.model._script import Story

__all__ = [
    "KEY",
    "NAME",
    "UNCONFINED",
    "ConversationSetup",
    "collect_reply",
    "find_processes",
    "wait_until_gone",
    "wait_until_running",
]
NAME = "k7m2xq:1:executor"
UNCONFINED = ("Bash", "Read", "Edit")


@dataclass(frozen=True)
class ConversationSetup:
    """The folders of a conversation, and options common to all conversations."""

    folder: Path
    options: Mapping[str, object] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The program's own folder."""
        return self.folder / "claude"

    @property
    def cwd(self) -> Path:
        """The folder it works in."""
        path = self.folder / "work"
        path.mkdir(exist_ok=True)
        return path

    def create_claude(self, base_url: str, **options: object) -> Claude:
        """Return the program connected to that model; failed requests are not retried."""
        fields: dict[str, object] = {"retries": 0, "silence_seconds": 30.0}
        fields |= {**self.options, **options}
        gateway = FakeModelGateway(base_url)
        claude_options = ClaudeOptions(self.home, choose_local_sandbox(), **fields)  # type: ignore[arg-type]
        return Claude(claude_options, SystemClock(), gateway)

    def build_talk(self, **changed: object) -> Talk:
        """Return a talk with the executor, with the `changed` fields replaced."""
        talk = Talk(
            name=NAME,
            role=Role(model="sonnet", turns=10),
            cwd=self.cwd,
            account=ACCOUNT,
            system=f"You are the executor of Theseus.\nWorking directory: {self.cwd}",
            tools=("Read",),
            seconds=30.0,
        )
        return replace(talk, **changed)  # type: ignore[arg-type]

    @asynccontextmanager
    async def open_conversation(
        self, story: Story, **changed: object
    ) -> AsyncGenerator[ProgramConversation, None]:
        """Open a conversation with a model that follows `story`."""
        async with (
            ScriptedModel(story) as model,
            self.create_claude(model.base_url).open_conversation(
                self.build_talk(**changed)
            ) as conversation,
        ):
            yield conversation


async def collect_reply(
    conversation: ProgramConversation, prompt: str = "Go."
) -> tuple[list[Seen], ModelReply]:
    """Send the prompt; return the events and the reply."""
    *seen, reply = [event async for event in conversation.say(prompt)]
    assert isinstance(reply, ModelReply)
    assert all(isinstance(event, ModelText | ToolCall | ToolResult) for event in seen)
    return [event for event in seen if not isinstance(event, ModelReply)], reply


def find_processes(marker: str) -> set[int]:
    """Return the processes with `marker` in their command line or environment."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                state = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
            except OSError:
                continue
            if marker.encode() in text and state != "Z":
                found.add(int(entry.name))
    return found


async def wait_until_gone(marker: str, *, seconds: float = 20.0) -> None:
    """Wait until no process with `marker` is left."""
    async with asyncio.timeout(seconds):
        while find_processes(marker):  # noqa: ASYNC110 - other processes end in their own time
            await asyncio.sleep(0.05)


async def wait_until_running(marker: str, *, count: int = 1, seconds: float = 20.0) -> set[int]:
    """Wait until at least `count` processes with `marker` are running; return them."""
    async with asyncio.timeout(seconds):
        while len(found := find_processes(marker)) < count:  # noqa: ASYNC110 - other processes start
            await asyncio.sleep(0.05)
    return found
