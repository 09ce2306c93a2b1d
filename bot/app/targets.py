"""Opens the other bots that are looked after: for each, all that its runs work with.

A target gets an injector of its own. It has no part of Theseus but those that are added here, and
those that `bot.self_improvement.assembly` shares among all targets.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog
from theseus_repair.shared_lock import SharedLock

from bot.adapters.sqlite_ledger import SqliteLedger
from bot.app.engines import EngineResources, MakeEngines
from bot.app.research import ResearchBuilder
from bot.app.target_commands import TargetCommands
from bot.app.target_journals import TargetJournals
from bot.app.target_parts import TargetPlaces, build_engines, build_workers, open_ports
from bot.app.target_places import find_python, prepare_repository
from bot.authority.flags import FlagRepository
from bot.authority.kill_switch import KillSwitchGuard
from bot.budget.enforcement import BudgetEnforcer
from bot.budget.target_budgets import TargetBudget
from bot.domain.errors import ConfigError
from bot.infra.injector import Injector
from bot.monitoring.target_records import choose_records
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.presentation.run_links import RunLinks
from bot.self_improvement import ShippedFixes
from bot.self_improvement.requests.question_records import QuestionRecords
from bot.self_improvement.runs.confirmed_versions import ConfirmedVersions
from bot.settings import Settings
from bot.targets.reach import require_distinct
from bot.telemetry import Recorder

DATA = "target-data"
"""The folder of the state with what Theseus stores about each target, by name."""
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class OpenedTargets:
    """The targets that can be worked on, and why the others cannot, by name."""

    injectors: Mapping[str, Injector]
    refusals: Mapping[str, str]


NO_TARGETS = OpenedTargets({}, {})


async def open_budgets(
    settings: Settings, clock: Clock, stop_guard: KillSwitchGuard, stack: AsyncExitStack
) -> dict[str, TargetBudget]:
    """Open the budgets of the targets that have caps of their own."""
    budgets = {}
    for target in settings.config.targets:
        if target.budget is None:
            continue
        place = get_data_folder(settings, target.name)
        ledger = await stack.enter_async_context(SqliteLedger(place / "ledger.sqlite3"))
        keep = timedelta(days=settings.config.gateway.keep_days)
        budgets[target.name] = TargetBudget(
            BudgetEnforcer(ledger, clock, target.budget, keep=keep, stopped=stop_guard.get_stop)
        )
    return budgets


def get_data_folder(settings: Settings, name: str) -> Path:
    """Return the folder with what is stored about a target; it is created if needed."""
    folder = settings.state / DATA / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


async def open_targets(
    parent: Injector,
    stack: AsyncExitStack,
    make_engines: MakeEngines,
    resources: EngineResources,
    links: RunLinks,
    budgets: Mapping[str, TargetBudget],
) -> OpenedTargets:
    """Open every configured target. One that cannot be opened is left out, with the reason."""
    settings = parent.get(Settings)
    folders: dict[str, Path] = {}
    injectors: dict[str, Injector] = {}
    refusals: dict[str, str] = {}
    for target in settings.config.targets:
        try:
            folder = await prepare_repository(target, settings)
            require_distinct([*folders.items(), (target.name, folder)])
            folders[target.name] = folder
            injector = Injector()
            injector.take(
                parent, Clock, FlagRepository, Recorder, ResearchBuilder, SharedLock, TargetCommands
            )
            injector.add(ConfirmedVersions(parent.get(KeyValueStore)))
            if target.name in budgets:
                injector.add(budgets[target.name])
            data = get_data_folder(settings, target.name)
            places = TargetPlaces(target, folder, data, find_python(target))
            journal = parent.get(TargetJournals).by_name[target.name]
            await open_ports(injector, places, journal, settings, stack)
            chosen = build_engines(injector, places, make_engines, resources)
            build_workers(injector, places, resources, chosen, links)
            _build_question_records(injector, target.name, resources, parent.get(KeyValueStore))
            injectors[target.name] = injector
        except ConfigError as error:
            _log.warning("the target %s cannot be worked on: %s", target.name, error)
            refusals[target.name] = str(error)
    return OpenedTargets(injectors, refusals)


def _build_question_records(
    injector: Injector, name: str, resources: EngineResources, key_values: KeyValueStore
) -> None:
    """Build what answers questions about a target."""
    injector.build(
        QuestionRecords,
        store=resources.store,
        key_values=choose_records(key_values, name),
        fixes=ShippedFixes(resources.store, name),
        commands=partial(injector.get(TargetCommands).list_names, name),
    )
