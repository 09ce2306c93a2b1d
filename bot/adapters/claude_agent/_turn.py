"""One call of the engine as its caller sees it: progress for the card, and what it has cost."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

from bot.adapters.claude_agent._conversation import Conversation
from bot.adapters.claude_agent._events import Called, Reply, Seen
from bot.adapters.claude_agent._guard import PREFIX
from bot.adapters.claude_agent._narration import narrate
from bot.domain.errors import AgentOutputInvalid, TheseusError
from bot.domain.spent import Spent
from bot.ports.agent import Progress

Watch = Callable[[Seen], None]
_REPORT = f"{PREFIX}report_progress"


class Tally:
    """What all conversations of one call have cost together, and how much of that was told."""

    def __init__(self) -> None:
        self._conversations: list[Conversation] = []
        self._told = Spent()

    def add(self, conversation: Conversation) -> None:
        """Count this one too."""
        self._conversations.append(conversation)

    @property
    def spent(self) -> Spent:
        """Return the sum so far."""
        total = Spent()
        for conversation in self._conversations:
            total = total.plus(conversation.spent)
        return total

    def progress(self, text: str, *, milestone: bool = False) -> Progress:
        """Return a line for the card, with the sum so far."""
        self._told = self.spent
        return Progress(text=text, milestone=milestone, **dict(self._told))

    @property
    def owed(self) -> bool:
        """Whether more was spent than has been told."""
        return self.spent != self._told


class Turn:
    """One prompt, said to a conversation; afterwards `reply` is what the model answered."""

    def __init__(
        self, conversation: Conversation, tally: Tally, root: Path, watch: Watch | None = None
    ) -> None:
        self._conversation = conversation
        self._tally = tally
        self._root = root
        self._watch = watch
        self._reply: Reply | None = None

    @property
    def reply(self) -> Reply:
        """Return the model's last word. Raises `AgentOutputInvalid` before there is one."""
        if self._reply is None:
            raise AgentOutputInvalid("The model's turn ended without an answer.")
        return self._reply

    async def say(self, prompt: str) -> AsyncGenerator[Progress, None]:
        """Yield what the model does about `prompt`, a line each. Raises what `say` raises."""
        self._reply = None
        async with aclosing(self._conversation.say(prompt)) as events:
            async for event in events:
                if isinstance(event, Reply):
                    self._reply = event
                    continue
                if line := narrate(event, self._root):
                    reported = isinstance(event, Called) and event.tool == _REPORT
                    yield self._tally.progress(line, milestone=reported)
                if self._watch is not None:
                    self._watch(event)


def last_cost(tally: Tally, error: TheseusError) -> Progress | None:
    """Return what has to be told before `error` leaves: money that no progress has named yet."""
    return tally.progress(f"stops: {error}"[:200]) if tally.owed else None
