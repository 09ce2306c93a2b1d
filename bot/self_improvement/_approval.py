"""Approval: every "ship it", however it was said, comes through here and ends in one row."""

from bot.domain.audit import AuditEntry
from bot.domain.errors import PolicyError, StaleApproval, StoreConflict, UnknownRun, WrongStage
from bot.domain.history import History
from bot.domain.people import Person
from bot.domain.policy import Act, authorize, bind, check_review
from bot.domain.proposal import Approval, How, Proposal
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.self_improvement._parts import Doors, Limits


class ApprovalRequest(Record):
    """Somebody's word, as it was given. At least one of `run_id` and `thread_id` says for what.

    `card_id` and `head` are set when the person pointed at a card or a commit.
    """

    person: Person
    how: How
    run_id: str | None = None
    thread_id: int | None = None
    card_id: int | None = None
    head: str | None = None
    security_reviewed: bool = False


class Approvals:
    """Authorises, binds to the exact commit, and records."""

    def __init__(self, doors: Doors, limits: Limits) -> None:
        self._doors = doors
        self._people = limits.people

    async def give(self, request: ApprovalRequest) -> tuple[Run, Approval, bool]:
        """Record the approval; return the run, the approval that counts, and if it is this one.

        The run comes back queued for shipping. Raises `NotAuthorized`, `StaleApproval`,
        `OutOfBounds`, `WrongStage`, `UnknownRun`, `ForgeError`; each refusal is audited.
        """
        try:
            authorize(self._people, request.person, Act.SHIP)
            run = await self.find(request.run_id, request.thread_id)
            approval = await self._check(run, request)
        except PolicyError as refusal:
            await self._audit(request, allowed=False, note=f"{refusal.code}: {refusal}")
            raise
        counts = await self._doors.store.approve(approval)
        mine = counts == approval
        await self._audit(request, allowed=True, note=f"{run.id} {approval.head} first={mine}")
        return await self.queue(run), counts, mine

    async def queue(self, run: Run) -> Run:
        """Return the run queued for shipping; somebody else having done it already is fine."""
        if run.status is not Status.WAITING:
            return run
        queued = run.but(status=Status.QUEUED, updated_at=self._doors.clock.now())
        try:
            return await self._doors.store.save(queued)
        except StoreConflict:
            return await self._doors.store.get(run.id)

    async def find(self, run_id: str | None, thread_id: int | None) -> Run:
        """Return the run somebody means, by id or by thread."""
        if run_id is not None:
            return await self._doors.store.get(run_id)
        if thread_id is not None:
            runs = await self._doors.store.find(thread_id=thread_id, limit=1)
            if runs:
                return runs[0]
        raise UnknownRun("I don't know which run you mean; say it in the run's thread.")

    async def _check(self, run: Run, request: ApprovalRequest) -> Approval:
        history = await self._doors.store.history(run.id)
        proposal = _waiting_for_a_word(run, history)
        bind(proposal, card_id=request.card_id, head=request.head, forge_head=None)
        opened = await self._doors.forge.proposal(proposal.number)
        if opened.state == "closed":
            raise StaleApproval(f"#{proposal.number} was closed at the forge; nothing was merged.")
        bind(proposal, card_id=None, head=None, forge_head=opened.head)
        findings = history.verdict.findings if history.verdict else ()
        check_review(findings, reviewed=request.security_reviewed)
        return Approval(
            run_id=run.id,
            proposal=proposal.number,
            head=proposal.head,
            person=request.person,
            at=self._doors.clock.now(),
            how=request.how,
            security_reviewed=request.security_reviewed,
        )

    async def _audit(self, request: ApprovalRequest, *, allowed: bool, note: str) -> None:
        await self._doors.store.audit(
            AuditEntry(
                at=self._doors.clock.now(),
                action=Act.SHIP,
                allowed=allowed,
                person=request.person,
                run_id=request.run_id,
                how=request.how,
                note=note,
            )
        )


def _waiting_for_a_word(run: Run, history: History) -> Proposal:
    """Return the proposal to approve; approving one that is shipping already is not an error."""
    if history.proposal is None or run.stage is not Stage.SHIP:
        raise WrongStage(f"Run `{run.id}` has no proposal to ship (it is at: {run.stage}).")
    if run.ended:
        raise WrongStage(f"Run `{run.id}` has ended already: {run.reason or run.status}")
    return history.proposal
