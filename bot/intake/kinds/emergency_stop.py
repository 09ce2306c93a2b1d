"""The emergency stop."""

from dataclasses import dataclass

from bot.authority.emergency_stop import EmergencyStop
from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.intake.message import Message, Reply

INTENTS = (Intent.STOP,)


@dataclass(frozen=True)
class Request:
    """Who stops everything. `is_public`: the notice in the dev channel answers the message."""

    person: Person
    is_public: bool


@dataclass(frozen=True, eq=False)
class Handler:
    """Stops everything; the dev channel is informed who did it and why."""

    emergency: EmergencyStop
    dev_channel_id: int

    async def decide(self, message: Message) -> Request:
        """Return the request to stop."""
        return Request(message.person, message.channel_id == self.dev_channel_id)

    async def perform(self, request: Request) -> Reply:
        """Stop, or return who has stopped everything before."""
        stop = await self.emergency.stop(request.person, "text", "")
        is_answered = request.is_public and stop.by == request.person
        return None if is_answered else f"⛔ {stop.summary}"
