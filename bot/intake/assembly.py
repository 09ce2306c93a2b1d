"""Builds the intake and its handlers once, in order. No part is changed afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from bot.domain.audience import Audience
from bot.domain.guilds import AllowLists
from bot.domain.target import OWN_TARGET
from bot.infra.injector import Injector
from bot.intake.attached_failures import AttachedFailures
from bot.intake.attention import Attention
from bot.intake.decision_questions import DecisionQuestions
from bot.intake.failures import FailureMatcher
from bot.intake.fault_runs import FaultRuns, ReportedFailures
from bot.intake.incident_requests import IncidentRequests
from bot.intake.incidents import ReportedIncidents
from bot.intake.kinds import (
    approval,
    budget,
    emergency_stop,
    ending,
    failure_report,
    feature_request,
    goal,
    note,
    notice,
    pause,
    question,
    research,
    retry,
    revert,
    revision,
    rollback,
    run_answer,
    self_audit,
    status,
    unclear_decision,
    unclear_request,
    unnamed_failure,
)
from bot.intake.privacy import RequestPrivacy
from bot.intake.rollback_questions import RollbackQuestions
from bot.intake.run_references import RunReferences
from bot.intake.service import Intake, MessageHandlers
from bot.intake.targets import KnownTarget, KnownTargets
from bot.intake.work import WorkRequests
from bot.intake.work_decisions import WorkDecisions
from bot.monitoring import Monitoring, SelfAudit
from bot.ports.journal import Journal
from bot.research.answers import ResearchAnswers

# In this order: each is given to those after it.
_PARTS: tuple[type, ...] = (
    FaultRuns,
    ReportedFailures,
    WorkDecisions,
    WorkRequests,
    RunReferences,
    DecisionQuestions,
    RollbackQuestions,
)


def assemble_intake(
    provided: Injector,
    *,
    find_audience: Callable[[int | None, int | None], Audience],
    dev_channel_id: int,
    guild_id: int | None,
    others: Mapping[str, KnownTarget] = MappingProxyType({}),
) -> Intake:
    """Return the intake. Without `Monitoring`, there are no incidents to work on.

    Args:
        provided: Provides the agent, the monitoring and the ports. The parts of the intake are not
            added to it.
        find_audience: Returns who reads a place, by the ids of its server and channel.
        dev_channel_id: Where the bot is worked on.
        guild_id: The server of the bot, if there is only one.
        others: The other bots that are looked after, by name.
    """
    injector, here = Injector(provided), {"dev_channel_id": dev_channel_id}
    build, commands = injector.build, injector.get(FailureMatcher).commands
    build(RequestPrivacy, find_audience=find_audience, commands=commands, **here)
    own = injector.call(_build_own_target, monitoring=injector.find(Monitoring), **here)
    injector.add(KnownTargets(own, others))
    for part in _PARTS:
        build(part)
    build(feature_request.Handler)
    _build_handlers(injector, provided, dev_channel_id)
    for part in (AttachedFailures, Attention):
        build(part)
    build(IncidentRequests, guild_id=guild_id, **here)
    return injector.call(Intake)


def _build_handlers(injector: Injector, provided: Injector, dev_channel_id: int) -> None:
    """Build the handler of each kind of request."""
    build, call, here = injector.build, injector.call, {"dev_channel_id": dev_channel_id}
    endings, asked = build(ending.Handler), build(question.Handler, **here)
    by_kind = (
        (approval, call(approval.Handler)),
        (budget, call(budget.Handler, **here)),
        (emergency_stop, call(emergency_stop.Handler, **here)),
        (ending, endings),
        (failure_report, call(failure_report.Handler)),
        (feature_request, injector.get(feature_request.Handler)),
        (goal, call(goal.Handler, **here)),
        (note, call(note.Handler)),
        (notice, call(notice.Handler, **here)),
        (pause, call(pause.Handler, **here)),
        (question, asked),
        (
            research,
            call(research.Handler, find_answers=partial(provided.find, ResearchAnswers), **here),
        ),
        (retry, call(retry.Handler)),
        (revert, call(revert.Handler)),
        (revision, call(revision.Handler)),
        (rollback, call(rollback.Handler)),
        (
            self_audit,
            call(self_audit.Handler, get_self_audit=partial(provided.find, SelfAudit), **here),
        ),
        (status, call(status.Handler)),
        (unclear_decision, call(unclear_decision.Handler)),
    )
    build(
        MessageHandlers,
        by_intent={intent: handler for kind, handler in by_kind for intent in kind.INTENTS},
        questions=asked,
        run_answers=call(run_answer.Handler),
        unnamed_failures=call(unnamed_failure.Handler),
        unclear_requests=call(unclear_request.Handler),
        endings=endings,
    )


def _build_own_target(
    matcher: FailureMatcher,
    people: AllowLists,
    journal: Journal,
    *,
    monitoring: Monitoring | None,
    dev_channel_id: int,
) -> KnownTarget:
    """Return what is known of Theseus itself."""
    own = KnownTarget(OWN_TARGET, matcher, people, dev_channel_id)
    if monitoring is None:
        return own
    incidents = ReportedIncidents(monitoring.incident_repository, journal, matcher.commands)
    return replace(own, incidents=incidents, reports=monitoring.reports)
