"""`Intake`: the one service that decides what a request asks for and what follows."""

from datetime import datetime

from bot.authority.policy import Act
from bot.domain.errors import OutOfBounds, WrongStage
from bot.domain.evidence import RequestAnswer
from bot.domain.feature_request import FeatureRequest
from bot.domain.journal import FailureGroup
from bot.domain.people import Person, Place
from bot.domain.posts import MessageRef
from bot.domain.run import Goal, Trigger
from bot.intake.failures import FailureMatcher
from bot.intake.privacy import RequestPrivacy
from bot.intake.work import IntakeResult, WorkRequests
from bot.monitoring import Monitoring
from bot.ports.clock import Clock
from bot.self_improvement import SelfImprovementAgent
from bot.self_improvement.change_requests import ChangeBegun

_IN_PRIVATE = (
    "Everyone in the dev channel would see your request, and not all of them can read this "
    "channel. Please ask me in <#{channel}>."
)


class Intake:
    """Takes requests from messages, commands, buttons and the forge."""

    def __init__(
        self,
        work: WorkRequests,
        matcher: FailureMatcher,
        privacy: RequestPrivacy,
        agent: SelfImprovementAgent,
        clock: Clock,
        monitoring: Monitoring | None,
        *,
        dev_channel_id: int,
        guild_id: int | None,
    ) -> None:
        self._work = work
        self._matcher = matcher
        self._privacy = privacy
        self._agent = agent
        self._clock = clock
        self._monitoring = monitoring
        self._dev_channel_id = dev_channel_id
        self._guild_id = guild_id

    async def ask(self, trigger: Trigger) -> IntakeResult | RequestAnswer:
        """Start work, join the run that does it, or answer. Raises what `WorkRequests.ask` does."""
        return await self._work.ask(trigger)

    async def ask_for_change(self, trigger: Trigger) -> ChangeBegun | FeatureRequest:
        """Start a change, or store the feature request; its text is shown to everyone.

        Raises `OutOfBounds` if it was asked in private, and what `ChangeRequests.ask` raises.
        """
        if self._privacy.is_private(trigger.place):
            raise OutOfBounds(_IN_PRIVATE.format(channel=self._dev_channel_id))
        return await self._agent.changes.ask(trigger)

    async def ask_about_incident(
        self, incident_id: str, goal: Goal, person: Person, *, key: str, message: MessageRef | None
    ) -> IntakeResult:
        """Investigate or fix an incident because a person says so. Raises what `ask` raises.

        The run's thread is attached to the incident's message. An incident without a message of its
        own, for example in a digest, gets a thread in the channel of `message`.
        """
        if self._monitoring is None:
            raise WrongStage("Monitoring is switched off here.")
        # Authorised first, so that only people who may ask learn which incidents exist.
        if not self._monitoring.has_incident(incident_id):
            await self._agent.permit(person, Act.ASK, note=f"{goal} incident {incident_id[:20]}")
        incident = self._monitoring.find(incident_id)
        own, where = incident.message, incident.message or message
        place = Place(
            channel_id=where.channel_id if where else self._dev_channel_id,
            message_id=own.message_id if own else None,
            guild_id=self._guild_id,
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
            since=incident.since,
            at=self._clock.now(),
        )
        return await self._work.start(await self._work.decide(trigger))

    async def list_failures(self, since: datetime) -> tuple[FailureGroup, ...]:
        """Return the failures since then that no shipped fix has ended, most recent first."""
        return await self._matcher.list_failures(since)
