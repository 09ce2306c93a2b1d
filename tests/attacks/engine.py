"""The claude engine as the bot makes it, beside a scripted model; and one without any guard."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from theseus_observe.redaction import redact
from theseus_rehearsal.ports.sandbox import Sandbox

from bot.adapters.claude_agent import Claude, ClaudeOptions, EngineServices, build_claude_engine
from bot.adapters.claude_agent.chat._chat_turns import Talk
from bot.adapters.claude_agent.program._program import ProgramConversation
from bot.adapters.claude_agent.tools._server import build_server
from bot.adapters.claude_agent.tools._tool_handlers import ToolHandlers, WriteAccess
from bot.adapters.claude_agent.tools._tool_permissions import ToolPermissionPolicy
from bot.adapters.claude_agent.tools._tools import WRITING
from bot.adapters.model_gateway import HttpModelGateway, Upstream
from bot.adapters.system_clock import SystemClock
from bot.domain.account import Account
from bot.domain.plan import Plan
from bot.domain.roles import Role
from bot.ports.agent import CodeAgent
from bot.ports.model_gateway import ModelGateway
from bot.ports.planner import Planner
from bot.ports.workspace import Workspace
from tests.attacks.containment import RUN
from tests.fakes.fake_spend_guard import FakeSpendGuard
from tests.twins.model import ScriptedModel

KEY = "sk-ant-api03-" + "Kx7Qm2Vb9Tn4Rw8Zs1Hd6Jf3" * 3  # the provider's; nobody may see it
ALL_TOOLS = ("Read", "Grep", "Glob", "Edit", "Write", "Bash")


def engine(
    claude: Claude, services: EngineServices, role: Role, *, reviewed: bool
) -> tuple[CodeAgent, Planner]:
    """Return who writes and who plans."""
    reviewer = role if reviewed else None
    return build_claude_engine(claude, services, planner=role, executor=role, reviewer=reviewer)


def the_gateway(server: ScriptedModel, state: Path) -> HttpModelGateway:
    """Return the way to the model, as the bot makes it, not open yet."""
    upstream = Upstream(key=KEY, base_url=server.base_url)
    return HttpModelGateway(
        upstream, FakeSpendGuard(), SystemClock(), state / "gateway", redact=redact
    )


def the_program(state: Path, gateway: ModelGateway, sandbox: Sandbox) -> Claude:
    """Return the program, as the bot runs it."""
    options = ClaudeOptions(home=state / "claude", sandbox=sandbox, retries=0)
    return Claude(options, SystemClock(), gateway)


@asynccontextmanager
async def let_loose(
    claude: Claude, services: EngineServices, role: Role, workspace: Workspace, plan: Plan
) -> AsyncGenerator[ProgramConversation, None]:
    """Open a conversation in which every call is made as the model wants it."""
    permissions = ToolPermissionPolicy(
        workspace.path, protection=services.protection, sandbox=services.sandbox
    )
    writing = WriteAccess(
        permissions=permissions,
        verifier=services.verifier,
        plan=plan,
        protection=services.protection,
    )
    handlers = ToolHandlers(
        workspace, run_id=RUN, journal=services.journal, memory=services.run_memory, writing=writing
    )
    talk = Talk(
        name=f"{RUN}:1:executor",
        role=role,
        cwd=workspace.path,
        system=f"You are the executor of Theseus.\nWorking directory: {workspace.path}",
        tools=ALL_TOOLS,
        server=build_server(handlers, WRITING),
        seconds=role.seconds,
        usd=role.usd,
        account=Account(purpose="execute", person_id=1, run_id=RUN),
    )
    async with claude.open_conversation(talk) as conversation:
        yield conversation
