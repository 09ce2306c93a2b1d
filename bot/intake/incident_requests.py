"""Work on an incident, asked for with a button of its message."""

from dataclasses import KW_ONLY, dataclass

from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import WrongStage
from bot.domain.people import Person, Place
from bot.domain.posts import MessageRef
from bot.domain.run import Goal, Trigger
from bot.intake.work import IntakeResult, WorkRequests
from bot.monitoring import Monitoring
from bot.ports.clock import Clock


@dataclass(frozen=True, eq=False)
class IncidentRequests:
    """Starts or joins the run of an incident."""

    authorizer: Authorizer
    work: WorkRequests
    monitoring: Monitoring | None
    clock: Clock
    _: KW_ONLY
    dev_channel_id: int
    guild_id: int | None

    async def ask(
        self, incident_id: str, goal: Goal, person: Person, *, key: str, message: MessageRef | None
    ) -> IntakeResult:
        """Investigate or fix an incident because a person says so. Raises what `ask` raises.

        The run's thread is attached to the incident's message. An incident without a message of its
        own, for example in a digest, gets a thread in the channel of `message`.
        """
        if self.monitoring is None:
            raise WrongStage("Monitoring is switched off here.")
        # Authorised first, so that only people who may ask learn which incidents exist.
        if not self.monitoring.has_incident(incident_id):
            await self.authorizer.ask(person, Act.ASK, note=f"{goal} incident {incident_id[:20]}")
        incident = self.monitoring.find(incident_id)
        own, where = incident.message, incident.message or message
        place = Place(
            channel_id=where.channel_id if where else self.dev_channel_id,
            message_id=own.message_id if own else None,
            guild_id=self.guild_id,
        )
        trigger = Trigger(
            key=key,
            goal=goal,
            person=person,
            place=place,
            text=f"{goal} incident {incident.id}: {incident.title}",
            quotes_bot=True,
            subject=incident.name,
            error_id=next(iter(incident.evidence), None),
            incident=incident.id,
            target=incident.target,
            since=incident.since,
            at=self.clock.now(),
        )
        return await self.work.start(await self.work.decide(trigger))
