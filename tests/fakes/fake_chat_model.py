"""A chat model with scripted actions."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from bot.domain.cost import Cost
from bot.domain.errors import AgentUnavailable, TheseusError
from bot.ports.chat_model import ChatTools, ChatTurn, FinalReply, PartialReply


@dataclass(frozen=True)
class ScriptedAction:
    """The reaction to one message: tool calls, then a text or an error.

    The text is streamed word by word; with a `gate`, the model waits before the last word.
    """

    text: str = "Hello."
    tools: Sequence[tuple[str, str]] = ()
    error: Exception | None = None
    gate: asyncio.Event | None = None


@dataclass
class FakeChatModel:
    """Implements `bot.ports.chat_model.ChatModel`.

    Each message takes the next of the `actions`; the last is repeated. `turns` lists the received
    turns, `results` the answers of tools, each as `tool: text`.
    """

    actions: list[ScriptedAction] = field(default_factory=lambda: [ScriptedAction()])
    name: str = "fake"
    spends: Cost = field(default_factory=lambda: Cost(cost_usd=0.01, tokens_in=100, tokens_out=5))
    turns: list[ChatTurn] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    talking: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._channels: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._now: list[ScriptedAction] = []
        self._broken: list[ScriptedAction] = []
        self.hushed = 0

    async def talk(
        self, turn: ChatTurn, chat_tools: ChatTools
    ) -> AsyncGenerator[PartialReply | FinalReply, None]:
        """Do the next action."""
        async with self._channels[turn.channel_id]:
            self.turns.append(turn)
            action = self.actions.pop(0) if len(self.actions) > 1 else self.actions[0]
            for tool, what in action.tools:
                self.results.append(f"{tool}: {await _call(chat_tools, tool, what)}")
            spent = dict(self.spends)
            for end in _find_word_ends(action.text):
                yield PartialReply(text=action.text[:end], **spent)
            self.talking.set()
            if action.gate is not None:
                self._now.append(action)
                await action.gate.wait()
                self._now.remove(action)
            if action in self._broken:
                self._broken.remove(action)
                raise AgentUnavailable("It was ended.")
            if action.error is not None:
                raise action.error
            yield FinalReply(text=action.text, **spent)

    def restart(self, *actions: ScriptedAction) -> None:
        """Start again with these actions, as in a new process; earlier turns hold nothing up."""
        self.actions = list(actions)
        self._channels = defaultdict(asyncio.Lock)

    async def cancel_turns(self) -> None:
        """Record the cancellation; turns in progress fail."""
        self.hushed += 1
        self._broken.extend(self._now)
        for action in self._now:
            if action.gate is not None:
                action.gate.set()

    async def run_forever(self) -> None:
        """Do nothing, because no model process is kept warm."""
        await asyncio.Event().wait()


async def _call(chat_tools: ChatTools, tool: str, what: str) -> str:
    """Return what the tool says; a refusal is said too, as it is to a model."""
    try:
        match tool:
            case "investigate":
                return await chat_tools.investigate(what)
            case "fix":
                return await chat_tools.fix(what)
            case "ask":
                return await chat_tools.ask(what)
            case "status":
                return await chat_tools.get_status()
            case "read":
                await chat_tools.read()
                return "may read"
    except TheseusError as refusal:
        return str(refusal)
    raise AssertionError(f"a chat model has no tool {tool!r}")


def _find_word_ends(text: str) -> list[int]:
    """Return where each word of the text ends."""
    return [at for at in range(1, len(text)) if text[at] == " "] + [len(text)]
