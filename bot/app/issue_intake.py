"""What reads the forge's issues, put together."""

from bot.app.resources import Resources
from bot.client import Identity
from bot.domain.people import Place
from bot.monitoring import IssueIntake, IssueRules, Monitoring
from bot.ports.member_directory import MemberDirectory
from bot.self_improvement import SelfImprovementAgent
from bot.settings import Settings


def build_issue_intake(
    settings: Settings,
    opened: Resources,
    agent: SelfImprovementAgent,
    monitoring: Monitoring,
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
        opened.forge, agent, monitoring.ask, members, opened.key_values, opened.clock, rules
    )
