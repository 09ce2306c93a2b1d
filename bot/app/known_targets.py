"""What the conversation knows of the other bots, made from the configuration and their journals."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial

from bot.app.target_commands import TargetCommands
from bot.app.target_journals import TargetJournals
from bot.domain.guilds import AllowLists, choose_lists, collect_people
from bot.intake import FailureMatcher
from bot.intake.incidents import ReportedIncidents
from bot.intake.targets import KnownTarget
from bot.monitoring import Monitoring
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.self_improvement import ShippedFixes
from bot.settings import Settings


def build_known_targets(
    settings: Settings,
    clock: Clock,
    store: Store,
    journals: TargetJournals,
    commands: TargetCommands,
    monitoring: Monitoring,
) -> Mapping[str, KnownTarget]:
    """Return the targets by name."""
    config = settings.config
    own = AllowLists(config.people, collect_people(config.guilds))
    monitored = {each.target: each for each in monitoring.others}
    known = {}
    for target in config.targets:
        journal = journals.by_name[target.name]
        matcher = FailureMatcher(
            journal,
            clock,
            lookback=timedelta(hours=config.runs.lookback_hours),
            load_fixes=ShippedFixes(store, target=target.name),
            commands=partial(commands.list_names, target.name),
        )
        watch = monitored[target.name]
        known[target.name] = KnownTarget(
            name=target.name,
            matcher=matcher,
            people=choose_lists(target.people, own),
            channel_id=target.channel_id,
            incidents=ReportedIncidents(watch.incident_repository, journal, matcher.commands),
            reports=watch.reports,
        )
    return known
