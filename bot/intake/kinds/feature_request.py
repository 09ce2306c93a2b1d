"""A request for something that has not failed: “add a /coinflip command”."""

from dataclasses import dataclass

from bot.domain.feature_request import FeatureRequest
from bot.domain.guilds import AllowLists
from bot.domain.intents import Intent
from bot.domain.run import Run, Trigger
from bot.domain.target import OWN_TARGET
from bot.intake.answers import describe_change
from bot.intake.message import Message, Reply, can_ask
from bot.intake.privacy import RequestPrivacy
from bot.intake.run_references import RunReferences
from bot.intake.targets import KnownTargets
from bot.self_improvement.requests.change_requests import ChangeBegun, ChangeRequests

INTENTS = (Intent.CHANGE,)


@dataclass(frozen=True)
class Request:
    """The feature request, and the run that the same message started before its edit."""

    message: Message
    trigger: Trigger
    earlier: Run | None


@dataclass(frozen=True, eq=False)
class Handler:
    """Starts a change, or stores the request; the run gets the message word for word."""

    changes: ChangeRequests
    privacy: RequestPrivacy
    references: RunReferences
    people: AllowLists
    targets: KnownTargets

    async def decide(self, message: Message) -> Request:
        """Return the request in the person's own words."""
        trigger = Trigger(
            key=message.key,
            goal="change",
            person=message.person,
            place=message.place,
            text=message.text[:2000],
            is_verbatim=message.is_verbatim,
            attached=message.attached,
            subject=message.slots.subject[:200],
            at=message.at,
        )
        return Request(message, trigger, await self.references.find_started(message))

    async def ask(self, trigger: Trigger, bot: str | None = None) -> ChangeBegun | FeatureRequest:
        """Start a change, or store the feature request; its text is shown to everyone.

        It is for the `bot` that the person chose, or else for the one that the words name or the
        channel is for. Raises `OutOfBounds` if it was asked in private, and what
        `ChangeRequests.ask` raises.
        """
        self.privacy.check_public(trigger.place)
        if bot is not None:
            trigger = trigger.replace(target=self.targets.get(bot).name)
        elif trigger.target == OWN_TARGET:
            trigger = self.targets.name_target(trigger)
        return await self.changes.ask(trigger)

    async def perform(self, request: Request) -> Reply:
        """Start, join or store it. Raises what `ask` raises."""
        message, person = request.message, request.message.person
        earlier = request.earlier
        if earlier and (corrected := await self.references.correct(earlier, message)):
            return corrected
        listed, able = can_ask(self.people, person), self.changes.able
        if able and listed:
            await message.host.show_start()
        answer = await self.ask(request.trigger)
        begun = isinstance(answer, ChangeBegun) and not answer.joined
        if begun and not message.is_threadless:
            return None
        return describe_change(person, answer, listed=listed, able=able)
