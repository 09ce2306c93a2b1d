"""Chat with claude on the real program, with a scripted model that a test may redirect."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.adapters.claude_agent import ChatServices, Claude, ClaudeChatModel, ClaudeOptions
from bot.adapters.system_clock import SystemClock
from bot.domain.people import Person
from bot.domain.roles import Role
from bot.ports.chat_model import ChatTools, ChatTurn, FinalReply, PartialReply
from bot.ports.clock import Clock
from bot.prompts import Prompts
from bot.tools.calls import FindToolCalls, find_no_tools
from tests.fakes.fake_journal import FakeJournal
from tests.fakes.fake_memory import FakeMemory
from tests.fakes.fake_model_gateway import FakeModelGateway
from tests.support.local_sandbox import choose_local_sandbox
from tests.twins.model import Request, ScriptedModel, choose_turn, repeat_turn
from tests.twins.model import Turn as ScriptRun

ROOT = Path(__file__).resolve().parents[2]
ROLE = Role(model="sonnet", turns=10, seconds=30, usd=5)
ALICE = Person(id=1, name="alice")


@dataclass
class ChatRoom:
    """A chat model, its program's model, and what the model will do next."""

    chat_model: ClaudeChatModel
    model: ScriptedModel
    journal: FakeJournal
    memory: FakeMemory
    gateway: FakeModelGateway
    turns: list[ScriptRun] = field(default_factory=list)

    def set_turns(self, *replays: ScriptRun) -> None:
        """Replace the remaining turns of the model."""
        self.turns[:] = replays

    def take_turn(self, request: Request) -> ScriptRun:
        """Return what the model does now."""
        return self.turns.pop(0)


def make_turn(
    text: str = "Hello?", *, channel: int = 10, message: int = 1, **more: object
) -> ChatTurn:
    """Return one message of alice's."""
    given = {"channel_id": channel, "message_id": message, "person": ALICE, "text": text}
    return ChatTurn.model_validate(given | more)


async def collect_answer(
    chat_model: ClaudeChatModel, turn: ChatTurn, chat_tools: ChatTools
) -> tuple[Sequence[PartialReply], FinalReply]:
    """Say it; return how the answer grew, and the answer."""
    *growing, last = [each async for each in chat_model.talk(turn, chat_tools)]
    assert isinstance(last, FinalReply)
    return [each for each in growing if isinstance(each, PartialReply)], last


@asynccontextmanager
async def open_chat_room(
    folder: Path,
    *,
    role: Role = ROLE,
    channels: int = 2,
    idle: timedelta = timedelta(minutes=30),
    clock: Clock | None = None,
    find_tools: FindToolCalls = find_no_tools,
) -> AsyncGenerator[ChatRoom, None]:
    """Open the room; at its end every program is gone."""
    replays: list[ScriptRun] = []
    room: ChatRoom
    async with ScriptedModel(
        [repeat_turn(choose_turn(lambda request: room.take_turn(request)))]
    ) as model:
        options = ClaudeOptions(home=folder / "home", sandbox=choose_local_sandbox(), retries=0)
        clock, gateway = clock or SystemClock(), FakeModelGateway(model.base_url)
        journal, memory = FakeJournal([]), FakeMemory()
        services = ChatServices(
            Prompts(ROOT / "prompts"), journal, memory, clock, find_tools=find_tools
        )
        chat_model = ClaudeChatModel(
            Claude(options, clock, gateway), services, role, channels=channels, idle=idle
        )
        room = ChatRoom(chat_model, model, journal, memory, gateway, replays)
        keeping = asyncio.create_task(chat_model.run_forever())
        try:
            yield room
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
