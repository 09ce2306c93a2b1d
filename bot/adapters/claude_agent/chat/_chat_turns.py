"""The settings of a conversation with the program."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.claude_agent.program._events import Ruling
from bot.domain.account import Account
from bot.domain.report_picture import ReportPicture
from bot.domain.roles import Role
from bot.ports.agent import Assignment

News = Callable[[], str]  # returns new messages while a turn is in progress, or ""
Judge = Callable[[str, Mapping[str, object]], Awaitable[Ruling]]


@dataclass(frozen=True)
class ClaudeOptions:
    """How the program is run. `home` is the folder where it stores conversations.

    `sandbox` encloses the program and confines the commands it runs. `AgentSilent` is raised after
    `silence_seconds` without any event. `retries` is how often the program itself retries a request
    to the provider before it reports a failure. `cli_path` replaces the bundled program.
    `environment` is added last to the program's environment.
    """

    home: Path
    sandbox: Sandbox
    silence_seconds: float = 180.0
    retries: int = 4
    cli_path: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Talk:
    """One conversation. `name` is unique, such as `k7m2xq:1:executor`. `account` pays for it.

    `tools` are built-in tools (`Read`, `Edit`, `Bash`); `server` is our in-process MCP server,
    whose tools may all be called. `judge` decides about each call; without it all calls are
    allowed. `schema` requests a structured answer at the end of each turn. `seconds` of wall-clock
    time and `usd` limit the whole conversation. A stored conversation with this name is continued
    unless `fresh` is set. A `chat` reports text while it is written, and its `seconds` apply to
    each turn. `news` is added to the results of tools. `pictures` go with the first prompt; a
    conversation with pictures is not stored when it ends.
    """

    name: str
    role: Role
    cwd: Path
    system: str
    account: Account
    tools: tuple[str, ...] = ()
    server: object | None = None  # McpSdkServerConfig
    judge: Judge | None = None
    schema: Mapping[str, object] | None = None
    seconds: float = 300.0
    usd: float = 1.0
    fresh: bool = False
    chat: bool = False
    news: News | None = None
    pictures: Sequence[ReportPicture] = ()


def build_conversation_name(assignment: Assignment, role: str) -> str:
    """Return a name such as `k7m2xq:1:executor`, unique for each candidate and part of a change."""
    candidate, part = assignment.candidate, assignment.part
    name = f"{assignment.run_id}:{assignment.attempt}:{role}"
    if candidate > 1:
        name += f":{candidate}"
    if assignment.approach is not None and assignment.previous is None:
        name += ":alone"  # in a worktree of its own, whose paths a later round does not have
    return name if part is None else f"{name}:{part.name}{':again' if part.retry_reason else ''}"
