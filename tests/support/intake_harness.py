"""The intake in front of an agent whose ports are fakes."""

from collections.abc import Callable

from bot.client import TheseusClient
from bot.domain.audience import Audience
from bot.domain.intents import Slots
from bot.domain.people import AllowList, Person
from bot.intake import FailureMatcher, Intake
from bot.intake.assembly import IntakePlace, assemble_intake
from bot.intake.incidents import ReportedIncidents
from bot.intake.privacy import RequestPrivacy
from bot.intake.work import WorkRequests
from bot.monitoring import Monitoring, SelfAudit
from bot.ports.chat import Chat
from bot.self_improvement import SelfImprovementAgent, ShippedFixes
from bot.telemetry import Recorder
from tests.support.agent_harness import DEV, GUILD, LOOKBACK, PEOPLE, AgentHarness

FindAudience = Callable[[int | None, int | None], Audience]


def find_team_audience(guild_id: int | None, channel_id: int | None) -> Audience:
    """Return the audience of a place that the whole team reads."""
    return Audience.TEAM


class IntakeHarness:
    """The intake and its parts. Without `monitoring`, no incident is known."""

    def __init__(
        self,
        world: AgentHarness,
        agent: SelfImprovementAgent,
        monitoring: Monitoring | None = None,
        *,
        people: AllowList = PEOPLE,
        find_audience: FindAudience = find_team_audience,
        dev_channel_id: int = DEV,
        guild_id: int | None = GUILD,
        chat: Chat | None = None,
        get_self_audit: Callable[[], SelfAudit | None] = lambda: None,
    ) -> None:
        commands = world.runtime.list_commands
        matcher = FailureMatcher(
            world.journal,
            world.clock,
            lookback=LOOKBACK,
            load_fixes=ShippedFixes(world.store),
            commands=commands,
        )
        recorder = Recorder(world.journal, world.clock, world.folder, b"salt", lambda: None)
        privacy = RequestPrivacy(find_audience, recorder, commands, dev_channel_id)
        repository = monitoring.incident_repository if monitoring else None
        self.work = WorkRequests(
            matcher,
            agent,
            people,
            privacy,
            incidents=(
                ReportedIncidents(repository, world.journal, commands) if repository else None
            ),
            reports=monitoring.reports if monitoring else None,
            inquiry=world.inquiry,
        )
        self.intake = assemble_intake(
            agent,
            matcher,
            self.work,
            privacy,
            chat or world.chat,
            world.clock,
            IntakePlace(people, dev_channel_id, guild_id),
            monitoring=monitoring,
            get_self_audit=get_self_audit,
        )


def create_intake(
    world: AgentHarness, client: TheseusClient, monitoring: Monitoring | None = None
) -> Intake:
    """Return the intake of a client with an agent."""
    return IntakeHarness(
        world,
        client.agent,
        monitoring,
        people=client.identity.people,
        find_audience=client.audiences.find_of_place,
        dev_channel_id=client.identity.dev_channel_id,
        guild_id=client.identity.guild_id,
        chat=client.chat,
        get_self_audit=lambda: client.self_audit,
    ).intake


class SilentHost:
    """Implements `bot.intake.message.MessageHost` for messages that start no work."""

    async def show_start(self) -> None:
        """Show nothing."""

    async def describe_bot(self, person: Person, slots: Slots) -> str:
        """Return nothing: there is no client with commands."""
        return ""
