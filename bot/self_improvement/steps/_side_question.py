"""What people are asked about a failure of somebody else's that our side could take better."""

from datetime import datetime

from bot.domain.dialogue import Answer, Question
from bot.domain.evidence import Diagnosis
from bot.domain.run import Run
from bot.grammar.agreement import agreed

_CHANGE, _LEAVE = "Change our side", "Leave it"


def side_question(run: Run, diagnosis: Diagnosis, asked_at: datetime, until: datetime) -> Question:
    """Return the question whether our side is to change; it is asked once an attempt."""
    return Question(
        id=_id(run),
        attempt=run.attempt,
        round=run.round,
        text=f"{diagnosis.headline}. {diagnosis.triage.told} Shall I?",
        default=_LEAVE,
        choices=(_CHANGE, _LEAVE),
        yes_or_no=True,
        asked_at=asked_at,
        until=until,
    )


def side_changes(run: Run, answer: Answer | None) -> bool | None:
    """Return what came of that question; `None` where it was not asked, or not answered yet."""
    if answer is None or answer.question_id != _id(run):
        return None
    return agreed(answer.text) is True


def _id(run: Run) -> str:
    return f"{run.id}:{run.attempt}:our-side"
