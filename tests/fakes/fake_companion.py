"""A companion that says and does what a test tells it to."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

from bot.domain.errors import AgentUnavailable, TheseusError
from bot.domain.spent import Spent
from bot.ports.companion import Growing, Hands, Said, Turn


@dataclass(frozen=True)
class Deed:
    """What it does for one message: tools it calls, then what it says, or the error it raises.

    It says the text word by word, and waits before its last word where there is a `gate`.
    """

    text: str = "Hello."
    tools: Sequence[tuple[str, str]] = ()
    error: Exception | None = None
    gate: asyncio.Event | None = None


@dataclass
class FakeCompanion:
    """Implements `bot.ports.companion.Companion`.

    `deeds` are done one a message; the last is done again. `turns` is what it was told, `results`
    what the tools said, each as `tool: text`.
    """

    deeds: list[Deed] = field(default_factory=lambda: [Deed()])
    name: str = "fake"
    spends: Spent = field(default_factory=lambda: Spent(cost_usd=0.01, tokens_in=100, tokens_out=5))
    turns: list[Turn] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    talking: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._channels: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._now: list[Deed] = []
        self._broken: list[Deed] = []
        self.hushed = 0

    async def talk(self, turn: Turn, hands: Hands) -> AsyncGenerator[Growing | Said, None]:
        """Do the next deed."""
        async with self._channels[turn.channel_id]:
            self.turns.append(turn)
            deed = self.deeds.pop(0) if len(self.deeds) > 1 else self.deeds[0]
            for tool, what in deed.tools:
                self.results.append(f"{tool}: {await _call(hands, tool, what)}")
            spent = dict(self.spends)
            for end in _ends(deed.text):
                yield Growing(text=deed.text[:end], **spent)
            self.talking.set()
            if deed.gate is not None:
                self._now.append(deed)
                await deed.gate.wait()
                self._now.remove(deed)
            if deed in self._broken:
                self._broken.remove(deed)
                raise AgentUnavailable("It was ended.")
            if deed.error is not None:
                raise deed.error
            yield Said(text=deed.text, **spent)

    async def hush(self) -> None:
        """Note that it was hushed; what is under way fails."""
        self.hushed += 1
        self._broken.extend(self._now)
        for deed in self._now:
            if deed.gate is not None:
                deed.gate.set()

    async def run_forever(self) -> None:
        """Nothing is kept warm here."""
        await asyncio.Event().wait()


async def _call(hands: Hands, tool: str, what: str) -> str:
    """Return what the tool says; a refusal is said too, as it is to a model."""
    try:
        match tool:
            case "investigate":
                return await hands.investigate(what)
            case "fix":
                return await hands.fix(what)
            case "status":
                return await hands.status()
            case "read":
                await hands.read()
                return "may read"
    except TheseusError as refusal:
        return str(refusal)
    raise AssertionError(f"a companion has no tool {tool!r}")


def _ends(text: str) -> list[int]:
    """Return where each word of the text ends."""
    return [at for at in range(1, len(text)) if text[at] == " "] + [len(text)]
