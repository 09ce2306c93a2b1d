"""Builds the intake and its handlers once, in order. No part is changed afterwards."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.people import AllowList
from bot.intake.attached_failures import AttachedFailures
from bot.intake.attention import Attention
from bot.intake.decision_questions import DecisionQuestions
from bot.intake.failures import FailureMatcher
from bot.intake.incident_requests import IncidentRequests
from bot.intake.kinds import (
    approval,
    budget,
    emergency_stop,
    ending,
    failure_report,
    feature_request,
    note,
    pause,
    question,
    revert,
    revision,
    rollback,
    run_answer,
    self_audit,
    status,
    unclear_decision,
    unnamed_failure,
)
from bot.intake.privacy import RequestPrivacy
from bot.intake.rollback_questions import RollbackQuestions
from bot.intake.run_references import RunReferences
from bot.intake.service import Intake, MessageHandlers
from bot.intake.work import WorkRequests
from bot.monitoring import Monitoring, SelfAudit
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.self_improvement import SelfImprovementAgent


@dataclass(frozen=True)
class IntakePlace:
    """Whom the bot works for, and where."""

    people: AllowList
    dev_channel_id: int
    guild_id: int | None


def assemble_intake(
    agent: SelfImprovementAgent,
    matcher: FailureMatcher,
    work: WorkRequests,
    privacy: RequestPrivacy,
    chat: Chat,
    clock: Clock,
    place: IntakePlace,
    *,
    monitoring: Monitoring | None,
    get_self_audit: Callable[[], SelfAudit | None],
) -> Intake:
    """Return the intake. Without `monitoring`, there are no incidents to work on."""
    people, dev_channel_id = place.people, place.dev_channel_id
    references = RunReferences(agent)
    questions = DecisionQuestions(agent, clock, references, people)
    rollbacks = RollbackQuestions(agent, clock)
    features = feature_request.Handler(agent, privacy, references, people)
    endings = ending.Handler(agent, references)
    asked = question.Handler(agent, people, dev_channel_id)
    by_kind = (
        (approval, approval.Handler(agent)),
        (budget, budget.Handler(agent, chat, people, dev_channel_id)),
        (emergency_stop, emergency_stop.Handler(agent, dev_channel_id)),
        (ending, endings),
        (failure_report, failure_report.Handler(agent, work, references, people)),
        (feature_request, features),
        (note, note.Handler(agent)),
        (pause, pause.Handler(agent, clock, dev_channel_id)),
        (question, asked),
        (revert, revert.Handler(agent)),
        (revision, revision.Handler(agent, references)),
        (rollback, rollback.Handler(agent, clock, rollbacks)),
        (self_audit, self_audit.Handler(get_self_audit, chat, people, dev_channel_id)),
        (status, status.Handler(agent)),
        (unclear_decision, unclear_decision.Handler(agent, references, questions, rollbacks)),
    )
    handlers = MessageHandlers(
        by_intent={intent: handler for kind, handler in by_kind for intent in kind.INTENTS},
        questions=asked,
        run_answers=run_answer.Handler(agent),
        unnamed_failures=unnamed_failure.Handler(agent, clock),
        endings=endings,
    )
    return Intake(
        handlers,
        questions,
        AttachedFailures(matcher, clock),
        Attention(agent, matcher, questions, clock, people),
        work,
        features,
        IncidentRequests(
            agent,
            work,
            monitoring,
            clock,
            dev_channel_id=dev_channel_id,
            guild_id=place.guild_id,
        ),
    )
