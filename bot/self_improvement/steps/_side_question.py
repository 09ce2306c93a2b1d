"""Asks people whether our side should handle a third party's failure better."""

from datetime import datetime

from bot.domain.dialogue import Answer, Question
from bot.domain.evidence import Diagnosis
from bot.domain.run import Run
from bot.grammar.agreement import parse_agreement

_CHANGE, _LEAVE = "Change our side", "Leave it"


def build_side_question(
    run: Run, diagnosis: Diagnosis, asked_at: datetime, until: datetime
) -> Question:
    """Return the question whether our side should change; asked once per attempt."""
    return Question(
        id=_build_id(run),
        attempt=run.attempt,
        round=run.round,
        text=f"{diagnosis.headline}. {diagnosis.triage.summary} Shall I?",
        default=_LEAVE,
        choices=(_CHANGE, _LEAVE),
        yes_or_no=True,
        asked_at=asked_at,
        until=until,
    )


def get_side_decision(run: Run, answer: Answer | None) -> bool | None:
    """Return the decision; `None` if it was not asked or not answered yet."""
    if answer is None or answer.question_id != _build_id(run):
        return None
    return parse_agreement(answer.text) is True


def _build_id(run: Run) -> str:
    return f"{run.id}:{run.attempt}:our-side"
