"""The intake in front of an agent whose ports are fakes."""

from collections.abc import Mapping
from types import MappingProxyType

from bot.client import TheseusClient
from bot.domain.audience import Audience
from bot.domain.intents import Slots
from bot.domain.people import Person
from bot.infra.injector import Injector
from bot.intake import Intake
from bot.intake.assembly import assemble_intake
from bot.intake.corrections import Corrections
from bot.intake.targets import KnownTarget
from bot.intake.work import WorkRequests
from bot.monitoring import Monitoring
from tests.support.agent_harness import DEV, GUILD
from tests.support.agent_under_test import AgentUnderTest


def find_team_audience(guild_id: int | None, channel_id: int | None) -> Audience:
    """Return the audience of a place that the whole team reads."""
    return Audience.TEAM


class IntakeHarness:
    """The intake and its parts. Without `monitoring`, no incident is known."""

    def __init__(
        self,
        agent: AgentUnderTest,
        monitoring: Monitoring | None = None,
        others: Mapping[str, KnownTarget] = MappingProxyType({}),
    ) -> None:
        injector = Injector(agent.injector)
        if monitoring is not None:
            injector.add(monitoring)
        self.intake = assemble_intake(
            injector,
            find_audience=find_team_audience,
            dev_channel_id=DEV,
            guild_id=GUILD,
            others=others,
        )
        self.work: WorkRequests = self.intake.work


def create_intake(
    client: TheseusClient,
    services: Injector,
    others: Mapping[str, KnownTarget] = MappingProxyType({}),
) -> Intake:
    """Return the intake of a client with an agent; the services then provide corrections."""
    services.build(Corrections)
    return assemble_intake(
        services,
        find_audience=client.audiences.find_of_place,
        dev_channel_id=client.identity.dev_channel_id,
        guild_id=client.identity.guild_id,
        others=others,
    )


class SilentHost:
    """Implements `bot.intake.message.MessageHost` for messages that start no work."""

    async def show_start(self) -> None:
        """Show nothing."""

    async def describe_bot(self, person: Person, slots: Slots) -> str:
        """Return nothing: there is no client with commands."""
        return ""
