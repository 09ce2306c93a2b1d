"""The chat model port: a model that people chat with, where the grammar decides nothing."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

from pydantic import Field

from bot.domain.chat import ChatLine
from bot.domain.cost import Cost
from bot.domain.people import Person
from bot.domain.record import Record


class ChatTools(Protocol):
    """What the person who wrote one message may have done: everything a chat model can do.

    Each call asks the one policy with that person's own rights, and does what the same words would
    have done. Raises `NotAuthorized` with a polite refusal, or what else stands in the way.
    """

    async def investigate(self, what: str) -> str:
        """Have that looked into; return what became of it, for the model."""
        ...

    async def fix(self, what: str) -> str:
        """Have that mended; return what became of it, for the model."""
        ...

    async def change(self, what: str) -> str:
        """Have that changed, though it has not failed; return what became of it, for the model.

        The person's own message goes with it, word for word.
        """
        ...

    async def get_status(self) -> str:
        """Return what is being worked on."""
        ...

    async def ask(self, question: str) -> str:
        """Return what the records say to a question about the bot itself, or what can be asked."""
        ...

    async def read(self) -> None:
        """Return if the person may read journal and memory. Raises `NotAuthorized`."""
        ...


class ChatTurn(Record):
    """One message to answer. `before` is what was said in the channel, oldest first: data."""

    channel_id: int
    message_id: int
    person: Person
    text: str = Field(max_length=10_000)
    before: tuple[ChatLine, ...] = ()


class PartialReply(Cost):
    """The answer as far as it has come, and what the turn has cost by now."""

    kind: Literal["growing"] = "growing"
    text: str


class FinalReply(Cost):
    """The whole answer, and what the turn has cost."""

    kind: Literal["said"] = "said"
    text: str = Field(min_length=1)


class ChatModel(Protocol):
    """Talks with people, and does nothing but through the tools it is lent for one turn.

    Turns of one channel are answered one after another, each with its own tools; channels side by
    side. What people wrote is data to it. Nothing can be shipped, stopped or decided by it.
    """

    @property
    def name(self) -> str:
        """Return the engine and model, for people and the journal: `claude (sonnet)`."""
        ...

    def talk(
        self, turn: ChatTurn, chat_tools: ChatTools
    ) -> AsyncGenerator[PartialReply | FinalReply, None]:
        """Yield the answer while it grows, then exactly one `FinalReply`.

        Tools are not touched after the last word, or after the iterator is closed, which ends what
        is under way. Raises `AgentError` and `BudgetSpent`; what was spent by then is in the last
        `PartialReply`. After that the next turn begins afresh.
        """
        ...

    async def cancel_turns(self) -> None:
        """Break off what is under way and let go of all programs; the next turn begins afresh."""
        ...

    async def run_forever(self) -> None:
        """Let go of what nobody talks to any more, until cancelled; then of everything."""
        ...
