"""The intake of requests, made from open ports and the configuration."""

from bot.app.agent import build_inquiry, build_matcher
from bot.app.resources import Resources
from bot.client import Identity, TheseusClient
from bot.domain.people import Place
from bot.intake import Intake, IssueIntake, IssueRules
from bot.intake.assembly import IntakePlace, assemble_intake
from bot.intake.incidents import ReportedIncidents
from bot.intake.privacy import RequestPrivacy
from bot.intake.work import WorkRequests
from bot.monitoring import Monitoring
from bot.ports.member_directory import MemberDirectory
from bot.self_improvement import SelfImprovementAgent
from bot.settings import Settings


def build_intake(
    settings: Settings,
    opened: Resources,
    client: TheseusClient,
    agent: SelfImprovementAgent,
    monitoring: Monitoring,
) -> Intake:
    """Return the service that decides about requests."""
    who, matcher = client.identity, build_matcher(settings, opened)
    privacy = RequestPrivacy(
        client.audiences.find_of_place, opened.recorder, agent.commands, who.dev_channel_id
    )
    work = WorkRequests(
        matcher,
        agent,
        who.people,
        privacy,
        incidents=ReportedIncidents(monitoring.incident_repository, opened.journal, agent.commands),
        reports=monitoring.reports,
        inquiry=build_inquiry(settings, opened),
    )
    return assemble_intake(
        agent,
        matcher,
        work,
        privacy,
        client.chat,
        opened.clock,
        IntakePlace(who.people, who.dev_channel_id, who.guild_id),
        monitoring=monitoring,
        get_self_audit=lambda: client.self_audit,
    )


def build_issue_intake(
    settings: Settings,
    opened: Resources,
    agent: SelfImprovementAgent,
    intake: Intake,
    members: MemberDirectory,
    who: Identity,
) -> IssueIntake | None:
    """Return the intake of issues as requests, or `None` if no issue authors are listed."""
    config = settings.config.forge.issues
    if not config.people:
        return None
    rules = IssueRules(
        label=config.label,
        people={login.lower().removeprefix("@"): each for login, each in config.people.items()},
        seconds=config.minutes * 60,
        place=Place(channel_id=who.dev_channel_id, guild_id=who.guild_id),
    )
    return IssueIntake(
        opened.forge, agent, intake.ask, members, opened.key_values, opened.clock, rules
    )
