"""Goals, made from open ports and the configuration."""

from collections.abc import Callable, Iterable
from functools import partial

from bot.client import TheseusClient, list_abilities
from bot.domain.journal import get_command_name
from bot.domain.objective import GoalsConfig
from bot.goals.figures import FigureCollector
from bot.goals.opportunity_board import OpportunityBoard
from bot.goals.opportunity_starter import OpportunityStarter
from bot.goals.pursuit import GoalPursuit, PursuitRecords
from bot.goals.review import GoalReview
from bot.goals.service import ObjectiveService
from bot.infra.injector import Injector
from bot.monitoring import Monitoring
from bot.self_improvement.requests.change_requests import ChangeRequests
from bot.settings import Settings

_USUAL_USD = 0.5  # of a run with a model, before any has ended


def build_goals(injector: Injector) -> tuple[GoalReview, GoalPursuit]:
    """Return what reviews goals and works towards them, not running yet.

    The injector then provides the service that sets goals, and the other parts.
    """
    config, client = injector.get(Settings).config, injector.get(TheseusClient)
    return assemble_goals(
        injector,
        config.goals,
        injector.get(Monitoring),
        commands=partial(_list_command_names, client),
        keep_days=config.journal.keep_days,
    )


def assemble_goals(
    injector: Injector,
    config: GoalsConfig,
    monitoring: Monitoring,
    *,
    commands: Callable[[], Iterable[str]],
    keep_days: int,
) -> tuple[GoalReview, GoalPursuit]:
    """Return the same from open ports alone; `commands` returns the full names of commands."""
    build = injector.build
    build(FigureCollector)
    build(ObjectiveService, commands=commands, keep_days=keep_days)
    usual_usd = _USUAL_USD if injector.get(ChangeRequests).able else 0.0
    build(OpportunityBoard, usual_usd=usual_usd)
    build(OpportunityStarter, monitoring=monitoring)
    build(PursuitRecords)
    return build(GoalReview, config=config), build(GoalPursuit, config=config)


def _list_command_names(client: TheseusClient) -> tuple[str, ...]:
    """Return the full names of the commands that are loaded now."""
    names = (get_command_name(each.event) for each in list_abilities(client))
    return tuple(name for name in names if name)
