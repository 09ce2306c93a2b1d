"""A pause of the work that the bot starts by itself, and its end."""

from dataclasses import dataclass
from datetime import datetime

from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.emergency_stop import EmergencyStop
from bot.authority.end_times import parse_end_time
from bot.domain.intents import Intent
from bot.domain.people import Person
from bot.intake.message import Message, Reply
from bot.ports.clock import Clock

INTENTS = (Intent.PAUSE, Intent.RESUME)


@dataclass(frozen=True)
class Request:
    """A pause until `end`, or the end of one (`resumes`).

    `is_public`: the notice in the dev channel already answers the message.
    """

    person: Person
    resumes: bool
    is_public: bool
    end: datetime | None = None


@dataclass(frozen=True, eq=False)
class Handler:
    """Pauses and resumes; the dev channel is informed who did it."""

    emergency: EmergencyStop
    autonomy: AutonomyPolicy
    clock: Clock
    dev_channel_id: int

    async def decide(self, message: Message) -> Request:
        """Return what is asked for. Raises `WrongStage` for an end that cannot be read."""
        is_public = message.channel_id == self.dev_channel_id
        if message.intent is Intent.RESUME:
            return Request(message.person, resumes=True, is_public=is_public)
        end = parse_end_time(message.slots.until or "", self.clock.now())
        return Request(message.person, resumes=False, is_public=is_public, end=end)

    async def perform(self, request: Request) -> Reply:
        """Pause or resume."""
        if request.resumes:
            text = await resume_work(self.emergency, self.autonomy, request.person)
        else:
            pause = await self.autonomy.pause(request.person, "", request.end)
            text = f"Paused. {pause.ends}"
        return None if request.is_public else text


async def resume_work(emergency: EmergencyStop, autonomy: AutonomyPolicy, person: Person) -> str:
    """Lift the emergency stop if it is active; else resume the bot's own work."""
    if await emergency.get_stop() is None:
        await autonomy.resume(person)
        return "I resume my own work."
    await emergency.lift(person)
    pause = await autonomy.blocks.find_pause()
    return f"The emergency stop is lifted. {pause.describe()}" if pause else "I resume my own work."
