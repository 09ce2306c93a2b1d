"""A model that reads messages as a test says."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.domain.errors import TheseusError
from bot.domain.message_kinds import MessageReading, MessageToRead

Answer = MessageReading | TheseusError | Callable[[MessageToRead], MessageReading]


@dataclass
class FakeMessageInterpreter:
    """Implements `bot.ports.message_interpreter.MessageInterpreter`.

    Each message gets the `answer`: a reading, an error that is raised, or a function of the
    message. With `is_silent` there is none in time. `messages` are those that it read.
    """

    answer: Answer = field(default_factory=lambda: MessageReading(kind="talk"))
    is_silent: bool = False
    seconds: float = 5.0
    name: str = "fake"
    messages: list[MessageToRead] = field(default_factory=list)

    async def read(self, message: MessageToRead) -> MessageReading:
        """Return the reading, or raise the error."""
        self.messages.append(message)
        if self.is_silent:
            await asyncio.Event().wait()
        if isinstance(self.answer, TheseusError):
            raise self.answer
        return self.answer if isinstance(self.answer, MessageReading) else self.answer(message)
