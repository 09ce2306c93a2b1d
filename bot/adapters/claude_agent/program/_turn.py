"""One call of the engine for its caller: progress lines and costs."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

from bot.adapters.claude_agent.program._conversation import ProgramConversation
from bot.adapters.claude_agent.program._events import ModelReply, Seen, ToolCall
from bot.adapters.claude_agent.prompting._narration import narrate
from bot.adapters.claude_agent.prompting._transcript_entries import build_entry, read_todos
from bot.adapters.claude_agent.tools._tool_permissions import PREFIX
from bot.domain.cost import Cost
from bot.domain.errors import AgentOutputInvalid, TheseusError
from bot.domain.progress import Todo, TranscriptEntry
from bot.ports.agent import Progress

Watch = Callable[[Seen], None]
_REPORT = f"{PREFIX}report_progress"


class CostSum:
    """The costs of all conversations of one call, and how much of them was reported."""

    def __init__(self) -> None:
        self._conversations: list[ProgramConversation] = []
        self._reported = Cost()

    def add(self, conversation: ProgramConversation) -> None:
        """Include the costs of a conversation."""
        self._conversations.append(conversation)

    @property
    def total(self) -> Cost:
        """The sum so far."""
        total = Cost()
        for conversation in self._conversations:
            total = total.add(conversation.cost)
        return total

    def build_progress(
        self,
        text: str,
        *,
        milestone: bool = False,
        todos: tuple[Todo, ...] | None = None,
        entry: TranscriptEntry | None = None,
    ) -> Progress:
        """Return a progress line for the card, with the sum so far."""
        self._reported = self.total
        return Progress(
            text=text, milestone=milestone, todos=todos, entry=entry, **dict(self._reported)
        )

    @property
    def has_unreported(self) -> bool:
        """True if there are costs that were not reported yet."""
        return self.total != self._reported


class PromptTurn:
    """One prompt to a conversation; afterwards `reply` is the model's answer."""

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
        """The model's final answer. Raises `AgentOutputInvalid` if there is none yet."""
        if self._reply is None:
            raise AgentOutputInvalid("The model's turn ended without an answer.")
        return self._reply

    async def say(self, prompt: str) -> AsyncGenerator[Progress, None]:
        """Yield a line for each action of the model. Raises the errors of the conversation."""
        self._reply = None
        async with aclosing(self._conversation.say(prompt)) as events:
            async for event in events:
                if isinstance(event, ModelReply):
                    self._reply = event
                    continue
                line = narrate(event, self._root) or ""
                entry = build_entry(event, self._conversation.purpose, self._root)
                if line or entry:
                    yield self._tally.build_progress(
                        line,
                        milestone=isinstance(event, ToolCall) and event.tool == _REPORT,
                        todos=read_todos(event),
                        entry=entry,
                    )
                if self._watch is not None:
                    self._watch(event)


def build_last_cost(tally: CostSum, error: TheseusError) -> Progress | None:
    """Return progress with costs that were not reported before `error`, or `None`."""
    return tally.build_progress(f"stops: {error}"[:200]) if tally.has_unreported else None
