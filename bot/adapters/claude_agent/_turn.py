"""One call of the engine as its caller sees it: progress for the card, and what it has cost."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

from bot.adapters.claude_agent._conversation import ProgramConversation
from bot.adapters.claude_agent._events import ModelReply, Seen, ToolCall
from bot.adapters.claude_agent._narration import narrate
from bot.adapters.claude_agent._tool_permissions import PREFIX
from bot.domain.cost import Cost
from bot.domain.errors import AgentOutputInvalid, TheseusError
from bot.ports.agent import Progress

Watch = Callable[[Seen], None]
_REPORT = f"{PREFIX}report_progress"


class CostSum:
    """What all conversations of one call have cost together, and how much of that was told."""

    def __init__(self) -> None:
        self._conversations: list[ProgramConversation] = []
        self._reported = Cost()

    def add(self, conversation: ProgramConversation) -> None:
        """Count this one too."""
        self._conversations.append(conversation)

    @property
    def total(self) -> Cost:
        """Return the sum so far."""
        total = Cost()
        for conversation in self._conversations:
            total = total.add(conversation.cost)
        return total

    def build_progress(self, text: str, *, milestone: bool = False) -> Progress:
        """Return a line for the card, with the sum so far."""
        self._reported = self.total
        return Progress(text=text, milestone=milestone, **dict(self._reported))

    @property
    def has_unreported(self) -> bool:
        """Whether more was spent than has been told."""
        return self.total != self._reported


class PromptTurn:
    """One prompt, said to a conversation; afterwards `reply` is what the model answered."""

    def __init__(
        self,
        conversation: ProgramConversation,
        tally: CostSum,
        root: Path,
        watch: Watch | None = None,
    ) -> None:
        self._conversation = conversation
        self._tally = tally
        self._root = root
        self._watch = watch
        self._reply: ModelReply | None = None

    @property
    def reply(self) -> ModelReply:
        """Return the model's last word. Raises `AgentOutputInvalid` before there is one."""
        if self._reply is None:
            raise AgentOutputInvalid("The model's turn ended without an answer.")
        return self._reply

    async def say(self, prompt: str) -> AsyncGenerator[Progress, None]:
        """Yield what the model does about `prompt`, a line each. Raises what `say` raises."""
        self._reply = None
        async with aclosing(self._conversation.say(prompt)) as events:
            async for event in events:
                if isinstance(event, ModelReply):
                    self._reply = event
                    continue
                if line := narrate(event, self._root):
                    reported = isinstance(event, ToolCall) and event.tool == _REPORT
                    yield self._tally.build_progress(line, milestone=reported)
                if self._watch is not None:
                    self._watch(event)


def build_last_cost(tally: CostSum, error: TheseusError) -> Progress | None:
    """Return what has to be told before `error` leaves: money that no progress has named yet."""
    return tally.build_progress(f"stops: {error}"[:200]) if tally.has_unreported else None
