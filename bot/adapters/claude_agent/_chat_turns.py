"""What a conversation with the program is to be: how it runs, and what is talked about."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.adapters.claude_agent._events import Ruling
from bot.domain.account import Account
from bot.domain.roles import Role
from bot.ports.agent import Assignment
from bot.ports.sandbox import Sandbox

News = Callable[[], str]  # what there is to say while a turn is under way; empty: nothing
Judge = Callable[[str, Mapping[str, object]], Awaitable[Ruling]]


@dataclass(frozen=True)
class ClaudeOptions:
    """How the program is run. `home` is its folder: what it keeps of each conversation.

    `sandbox` encloses the program, and confines what it runs.
    `silence_seconds` without a sign of life is `AgentSilent`. `retries` is how often the program
    itself asks the provider again before a failure is told. `cli_path` is another program than the
    bundled one. `environment` is added to the program's environment last.
    """

    home: Path
    sandbox: Sandbox
    silence_seconds: float = 180.0
    retries: int = 4
    cli_path: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Talk:
    """One conversation to be had. `name` is unique to it: `k7m2xq:1:executor`. `account` pays.

    `tools` are built-in tools (`Read`, `Edit`, `Bash`); `server` is our in-process MCP server, all
    of whose tools may be called. Each call of either is put to `judge` first; without one all are
    allowed. `schema` asks for a structured answer at the end of each turn. `seconds` of wall-clock
    time and `usd` are for the whole conversation. A conversation known by its name is gone on with,
    unless it is to be `fresh`. A `chat` tells words while they are written, and has its `seconds`
    for each turn. `news` is told to the model beside what a tool returns.
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


def build_conversation_name(assignment: Assignment, role: str) -> str:
    """Return `k7m2xq:1:executor`; each candidate of a change, and each part, has its own."""
    candidate, part = assignment.candidate, assignment.part
    name = f"{assignment.run_id}:{assignment.attempt}:{role}"
    if candidate > 1:
        name += f":{candidate}"
    return name if part is None else f"{name}:{part.name}{':again' if part.retry_reason else ''}"
