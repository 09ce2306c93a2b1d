"""The message interpreter port: a model that says what kind of request a message is."""

from typing import Protocol

from bot.domain.message_kinds import MessageReading, MessageToRead


class MessageInterpreter(Protocol):
    """Reads one message without any tools: it can look up, write and start nothing."""

    @property
    def name(self) -> str:
        """The engine and model, for people and the journal: `claude (haiku)`."""
        ...

    @property
    def seconds(self) -> float:
        """How long people wait for a reading at most."""
        ...

    async def read(self, message: MessageToRead) -> MessageReading:
        """Return what the message asks for; the person pays.

        The label of the failure is one of the message's, or empty. The subject and the question are
        data by a model: one line each, without secrets.

        Raises `AgentError`, `BudgetSpent`, `Stopped`. Cancelling ends the model's work.
        """
        ...
