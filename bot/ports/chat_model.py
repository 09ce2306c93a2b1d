"""The chat model port: a model that people chat with when the grammar recognises no request."""

from collections.abc import AsyncGenerator
from typing import Literal, Protocol

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.chat import ChatLine
from bot.domain.cost import Cost
from bot.domain.people import Person


class ChatTools(Protocol):
    """All actions of a chat model, with the rights of the person who wrote the message.

    Each call asks the policy with that person's rights and does what the same request in text would
    do. Raises `NotAuthorized` with a polite refusal, or another error that prevents the action.
    """

    async def investigate(self, what: str) -> str:
        """Start an investigation; return the result as text for the model."""
        ...

    async def fix(self, what: str) -> str:
        """Start a fix; return the result as text for the model."""
        ...

    async def change(self, what: str) -> str:
        """Request a change of something that has not failed; return the result for the model.

        The person's own message is passed on unchanged.
        """
        ...

    async def get_status(self) -> str:
        """Return the current work, as text for the model."""
        ...

    async def ask(self, question: str) -> str:
        """Answer a question about the bot from its records; or return what can be asked."""
        ...

    async def read(self) -> None:
        """Check that the person may read journal and memory. Raises `NotAuthorized`."""
        ...


class ChatTurn(Record):
    """One message to answer. `before` are earlier messages, oldest first: untrusted data."""

    channel_id: int
    message_id: int
    person: Person
    text: str = Field(max_length=10_000)
    before: tuple[ChatLine, ...] = ()


class PartialReply(Cost):
    """The answer so far, and the cost of the turn so far."""

    kind: Literal["growing"] = "growing"
    text: str


class FinalReply(Cost):
    """The complete answer, and the cost of the turn."""

    kind: Literal["said"] = "said"
    text: str = Field(min_length=1)


class ChatModel(Protocol):
    """Talks with people, and acts only through the tools passed in for one turn.

    Turns of one channel are answered one after another, each with its own tools; different channels
    in parallel. People's text is untrusted data for it. It cannot ship, stop or decide anything.
    """

    @property
    def name(self) -> str:
        """The engine and model, for people and the journal: `claude (sonnet)`."""
        ...

    def talk(
        self, turn: ChatTurn, chat_tools: ChatTools
    ) -> AsyncGenerator[PartialReply | FinalReply, None]:
        """Yield partial replies while the answer grows, then exactly one `FinalReply`.

        Tools are not used after the final reply or after the iterator is closed, which ends running
        work. Raises `AgentError` and `BudgetSpent`; the last `PartialReply` has the cost until
        then. After an error the next turn starts a new conversation.
        """
        ...

    async def cancel_turns(self) -> None:
        """Cancel running turns and end all programs; the next turn starts a new conversation."""
        ...

    async def run_forever(self) -> None:
        """End idle programs until cancelled, then all programs."""
        ...
