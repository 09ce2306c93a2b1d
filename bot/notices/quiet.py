"""Quiet mode: the bot announces only what needs a person, or nothing, until a time."""

from dataclasses import dataclass
from datetime import datetime

from bot.authority.announcements import DevChannelAnnouncer
from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.authority.quiet_state import QuietState
from bot.domain.errors import WrongStage
from bot.domain.notices import QuietLevel, QuietPeriod
from bot.domain.people import Person
from bot.notices.texts import describe_quiet, describe_quiet_end
from bot.ports.clock import Clock


@dataclass(frozen=True, eq=False)
class QuietMode:
    """Begins and ends quiet periods for listed people; the dev channel is told who did it."""

    state: QuietState
    authorizer: Authorizer
    announcer: DevChannelAnnouncer
    clock: Clock

    async def begin(self, person: Person, level: QuietLevel, until: datetime | None) -> QuietPeriod:
        """Begin a quiet period, in place of the current one.

        Raises `NotAuthorized`, `StoreError`.
        """
        await self.authorizer.ask(person, Act.STEER, None, f"quiet: {level}")
        now, current = self.clock.now(), self.state.period
        period = QuietPeriod(level=level, by=person, at=current.at if current else now, until=until)
        await self.state.save(period)
        await self.announcer.tell(describe_quiet(period), key=f"quiet:{now.isoformat()}")
        return period

    async def end(self, person: Person) -> None:
        """End the quiet period. Raises `NotAuthorized`, `WrongStage`, `StoreError`."""
        await self.authorizer.ask(person, Act.STEER, None, "quiet: off")
        now, period = self.clock.now(), self.state.period
        if period is None:
            raise WrongStage("I am not in quiet mode.")
        await self.state.save(period.replace(ended_at=now))
        await self.announcer.tell(describe_quiet_end(person), key=f"quiet-end:{now.isoformat()}")
