"""The newest record of each stage of one run."""

from bot.domain.change import ChangeSet, FullTier, Verdict
from bot.domain.dialogue import Answer, Instructions, Question
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.plan import Plan
from bot.domain.proposal import Approval, Outcome, Proposal, Shipment
from bot.domain.record import Record

RECORDS: dict[str, type[Record]] = {
    kind.__name__: kind
    for kind in (
        Evidence,
        Diagnosis,
        Plan,
        ChangeSet,
        Verdict,
        FullTier,
        Proposal,
        Approval,
        Shipment,
        Outcome,
        Question,
        Answer,
        Instructions,
    )
}


class History(Record):
    """What a run has recorded so far; `None` where it has not got there."""

    evidence: Evidence | None = None
    diagnosis: Diagnosis | None = None
    plan: Plan | None = None
    change_set: ChangeSet | None = None
    verdict: Verdict | None = None
    full_tier: FullTier | None = None
    proposal: Proposal | None = None
    approval: Approval | None = None
    shipment: Shipment | None = None
    outcome: Outcome | None = None
    question: Question | None = None
    answer: Answer | None = None
    instructions: Instructions | None = None

    @property
    def open_question(self) -> Question | None:
        """The question nobody has answered yet, if there is one."""
        asked, answered = self.question, self.answer
        if asked is None or (answered is not None and answered.question_id == asked.id):
            return None
        return asked
