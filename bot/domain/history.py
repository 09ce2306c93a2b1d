"""The newest record of each stage of one run."""

import re

from bot.domain.approval import ApprovalVotes, Shapers
from bot.domain.brief import Agreement, Brief
from bot.domain.candidates import Candidates
from bot.domain.change import ChangeSet, FullTier, Verdict
from bot.domain.dialogue import Answer, Instruction, Instructions, Question
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.people import Person
from bot.domain.plan import Plan
from bot.domain.proposal import Approval, Outcome, Proposal, Shipment
from bot.domain.record import Record
from bot.domain.revision import Revision
from bot.domain.unproven import Endorsement
from bot.domain.use import UseReport, UseWatch
from bot.domain.watch import Watch
from bot.domain.wrong_answer import WrongAnswer

_STORED_AS: dict[type[Record], str] = {ApprovalVotes: "Words"}
"""What is stored under another name than its class's: names on disk stay."""
RECORDS: dict[str, type[Record]] = {
    _STORED_AS.get(kind, kind.__name__): kind
    for kind in (
        Evidence,
        Diagnosis,
        Brief,
        Agreement,
        Plan,
        ChangeSet,
        Verdict,
        FullTier,
        Proposal,
        ApprovalVotes,
        Approval,
        Shipment,
        Outcome,
        Watch,
        Question,
        Answer,
        Instructions,
        Revision,
        Shapers,
        WrongAnswer,
        UseWatch,
        UseReport,
        Candidates,
        Endorsement,
    )
}


class History(Record):
    """What a run has recorded so far; `None` where it has not got there."""

    evidence: Evidence | None = None
    diagnosis: Diagnosis | None = None
    brief: Brief | None = None
    agreement: Agreement | None = None
    plan: Plan | None = None
    change_set: ChangeSet | None = None
    verdict: Verdict | None = None
    full_tier: FullTier | None = None
    proposal: Proposal | None = None
    words: ApprovalVotes | None = None
    approval: Approval | None = None
    shipment: Shipment | None = None
    outcome: Outcome | None = None
    watch: Watch | None = None
    question: Question | None = None
    answer: Answer | None = None
    instructions: Instructions | None = None
    revision: Revision | None = None
    shapers: Shapers | None = None
    wrong_answer: WrongAnswer | None = None
    use_watch: UseWatch | None = None
    use_report: UseReport | None = None
    candidates: Candidates | None = None
    endorsement: Endorsement | None = None

    def plus(self, *records: Record) -> "History":
        """Return the history with these records as the newest of their kinds."""
        return self.but(**{field_of(record): record for record in records})

    @property
    def open_question(self) -> Question | None:
        """The question nobody has answered yet, if there is one."""
        asked, answered = self.question, self.answer
        if asked is None or (answered is not None and answered.question_id == asked.id):
            return None
        return asked

    @property
    def revising(self) -> Revision | None:
        """The revision that has been begun and is not over, if there is one."""
        return None if self.revision is None or self.revision.over else self.revision

    @property
    def agreed(self) -> bool:
        """Whether somebody gave their go-ahead for the newest brief."""
        brief, agreement = self.brief, self.agreement
        return brief is not None and agreement is not None and agreement.digest == brief.digest

    @property
    def needs_endorsement(self) -> bool:
        """Whether the change is unproven and no approver has decided to propose its head.

        Once it is proposed, what people push to the branch is their own work.
        """
        change, endorsement = self.change_set, self.endorsement
        if change is None or change.unproven is None or self.proposal is not None:
            return False
        return endorsement is None or endorsement.head != change.head

    def shaped_by(self, person: Person) -> Shapers:
        """Return who has made the change what it is, with one more."""
        return (self.shapers or Shapers()).plus(person.id)

    @property
    def unheard(self) -> tuple[Instruction, ...]:
        """What people asked since the present change was begun."""
        items = self.instructions.items if self.instructions else ()
        return items[self.change_set.heard :] if self.change_set else items


def stored_as(record: Record) -> str:
    """Return the name that a kind of record is stored under."""
    return _STORED_AS.get(type(record), type(record).__name__)


def field_of(record: Record) -> str:
    """Return the field of the history that a record is kept in: `ChangeSet` in `change_set`."""
    kind = stored_as(record)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind).lower()
