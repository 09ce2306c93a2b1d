"""The newest record of each stage of one run."""

import re

from theseus_guard.record import Record

from bot.domain.approval import ApprovalVotes, Shapers
from bot.domain.brief import Agreement, Brief
from bot.domain.candidates import Candidates
from bot.domain.change import ChangeSet, FullTier, Verdict
from bot.domain.check_reruns import CheckReruns
from bot.domain.dialogue import Answer, Instruction, Instructions, Question
from bot.domain.earlier_attempt import EarlierAttempt
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.incorrect_output import IncorrectOutput
from bot.domain.people import Person
from bot.domain.plan import Plan
from bot.domain.plausible_edit import Endorsement
from bot.domain.proposal import Approval, Outcome, Proposal, Shipment
from bot.domain.research import ResearchReport
from bot.domain.revision import Revision
from bot.domain.use import UseReport, UseWatch
from bot.domain.watch import Watch

_STORED_NAMES: dict[type[Record], str] = {ApprovalVotes: "Words", IncorrectOutput: "WrongAnswer"}
"""Kinds stored under another name than their class's: names on disk never change."""
RECORDS: dict[str, type[Record]] = {
    _STORED_NAMES.get(kind, kind.__name__): kind
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
        IncorrectOutput,
        UseWatch,
        UseReport,
        Candidates,
        Endorsement,
        EarlierAttempt,
        ResearchReport,
        CheckReruns,
    )
}


class History(Record):
    """The newest record of each kind of one run; `None` if the run has not recorded one."""

    evidence: Evidence | None = None
    diagnosis: Diagnosis | None = None
    brief: Brief | None = None
    agreement: Agreement | None = None
    plan: Plan | None = None
    change_set: ChangeSet | None = None
    verdict: Verdict | None = None
    full_tier: FullTier | None = None
    proposal: Proposal | None = None
    approval_votes: ApprovalVotes | None = None
    approval: Approval | None = None
    shipment: Shipment | None = None
    outcome: Outcome | None = None
    watch: Watch | None = None
    question: Question | None = None
    answer: Answer | None = None
    instructions: Instructions | None = None
    revision: Revision | None = None
    shapers: Shapers | None = None
    incorrect_output: IncorrectOutput | None = None
    use_watch: UseWatch | None = None
    use_report: UseReport | None = None
    candidates: Candidates | None = None
    endorsement: Endorsement | None = None
    earlier_attempt: EarlierAttempt | None = None
    research_report: ResearchReport | None = None
    check_reruns: CheckReruns | None = None

    def add(self, *records: Record) -> "History":
        """Return the history with these records as the newest of their kinds."""
        return self.replace(**{get_field_name(type(record)): record for record in records})

    @property
    def open_question(self) -> Question | None:
        """The question that no one has answered yet, or `None`."""
        asked, answered = self.question, self.answer
        if asked is None or (answered is not None and answered.question_id == asked.id):
            return None
        return asked

    @property
    def revising(self) -> Revision | None:
        """The revision that has begun and is not finished, or `None`."""
        return None if self.revision is None or self.revision.is_finished else self.revision

    @property
    def is_agreed(self) -> bool:
        """True if a person agreed to the newest brief, or its time to object ended."""
        brief, agreement = self.brief, self.agreement
        return brief is not None and agreement is not None and agreement.digest == brief.digest

    @property
    def needs_endorsement(self) -> bool:
        """True if the change is only plausible and no approver has decided to propose its head.

        It is false once the change is proposed: what people push to the branch then is their own
        work.
        """
        change, endorsement = self.change_set, self.endorsement
        if change is None or change.plausible_edit is None or self.proposal is not None:
            return False
        return endorsement is None or endorsement.head != change.head

    def add_shaper(self, person: Person) -> Shapers:
        """Return the people who shaped the change, with one more."""
        return (self.shapers or Shapers()).add(person.id)

    @property
    def pending_instructions(self) -> tuple[Instruction, ...]:
        """The instructions received since the current change was begun."""
        items = self.instructions.items if self.instructions else ()
        return items[self.change_set.instruction_count :] if self.change_set else items


def get_stored_name(record: Record) -> str:
    """Return the name that this kind of record is stored under."""
    return _STORED_NAMES.get(type(record), type(record).__name__)


def get_field_name(kind: type[Record]) -> str:
    """Return the field of `History` that holds a kind of record: `ChangeSet` in `change_set`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
