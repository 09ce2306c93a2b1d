"""Approvals: every "ship it", however it was given, is handled here and ends in one row."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field
from theseus_guard.record import Record

from bot.authority.approval_policy import ApprovalPolicy
from bot.authority.authorizer import AuditWriter
from bot.authority.kill_switch import KillSwitchGuard
from bot.authority.policy import Act, check_binding, check_review, check_slowdowns
from bot.authority.run_locks import RunLocks
from bot.domain.approval import ApprovalVotes
from bot.domain.audit import AuditEntry
from bot.domain.errors import (
    ChatRejected,
    ChatUnavailable,
    NotAuthorized,
    PolicyError,
    RunError,
    StaleApproval,
    UnknownRun,
    WrongStage,
)
from bot.domain.guilds import Scope
from bot.domain.history import History
from bot.domain.ids import parse_run_id
from bot.domain.people import Person
from bot.domain.proposal import Approval, ForgeProposal, How, Proposal
from bot.domain.run import Run, Stage, Status
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.ports.targets import Targets

_LOOKED_THROUGH = 500  # the newest runs, when a run is searched by its proposal's number


ShowProposal = Callable[[Run, History], Awaitable[None]]
"""Updates a proposal's card."""


class ApprovalRequest(Record):
    """A person's approval as it was given. At least one of `run_id` and `thread_id` names the run.

    `card_id`, `head` and `number` are set if the person referred to a card, a commit or a pull
    request. `source_id` is the chat's id of the message with the approval. Ids grow with time, so
    it shows whether the newest card was there when the person approved. An `edited` message does
    not count: it may have said something else before.
    """

    former_names: ClassVar = {"said_id": "source_id"}

    person: Person
    how: How
    run_id: str | None = None
    thread_id: int | None = None
    card_id: int | None = None
    head: str | None = Field(default=None, min_length=7)
    number: int | None = None
    source_id: int | None = None
    security_reviewed: bool = False
    slower_accepted: bool = False
    edited: bool = False


@dataclass(frozen=True, eq=False)
class Approvals:
    """Authorises approvals, binds them to the exact commit, and records them."""

    store: Store
    clock: Clock
    targets: Targets
    approval_policy: ApprovalPolicy
    audit_writer: AuditWriter
    run_locks: RunLocks
    stop_guard: KillSwitchGuard
    show_card: Callable[[Run], Awaitable[None]]
    show_proposal: ShowProposal
    queue_shipment: Callable[[Run], Awaitable[Run]]
    describe: Callable[[Run], str]

    async def give(self, request: ApprovalRequest) -> tuple[Run, Approval, bool]:
        """Record the approval; return the run, the approval that counts, and whether it ships.

        It does not ship if an earlier approval already did (the returned approval names that
        person), or while more approvals are needed (see `describe_missing`). After a failed
        shipment, the next approval ships again. The run is returned queued. Raises `NotAuthorized`,
        `StaleApproval`, `OutOfBounds`, `WrongStage`, `UnknownRun`, `ForgeError`, and
        `ChatUnavailable` if the person's current roles cannot be read; each refusal is audited.
        """
        try:
            # Authorised first, so that only people who may ship learn which runs exist.
            scope = await self._find_scope(request)
            await self.approval_policy.check_early(request.person, Act.SHIP, scope)
            await self.stop_guard.check_merge()
            run = await self.find(run_id=request.run_id, thread_id=request.thread_id)
            request = request.replace(run_id=run.id)
            await self.show_card(run)  # an approval may arrive before the card's id is saved
            async with self.run_locks.get(run.id):
                now = await self.approval_policy.present(
                    request.person, Act.SHIP, self.approval_policy.get_scope(run)
                )
                return await self._record_vote(
                    await self.store.get(run.id), request.replace(person=now)
                )
        except (PolicyError, RunError, ChatRejected, ChatUnavailable) as refusal:
            await self._audit(request, allowed=False, note=f"{refusal.code}: {refusal}")
            raise

    async def describe_missing(self, run_id: str) -> str:
        """Return the progress of the newest head's approval; empty if there are enough."""
        history = await self.store.get_history(run_id)
        proposal, votes = history.proposal, history.approval_votes
        if proposal is None or votes is None or not votes.is_for(proposal):
            return ""
        run = await self.store.get(run_id)
        found = await self.approval_policy.count_votes(run, history, proposal)
        return "" if found.enough else found.summary

    async def has_enough_votes(self, run: Run, history: History, proposal: Proposal) -> bool:
        """Return whether enough people have approved; their rights are checked before the merge."""
        return await self.approval_policy.has_enough_votes(run, history, proposal)

    async def find(self, *, run_id: str | None = None, thread_id: int | None = None) -> Run:
        """Return a run by id (as people type it) or thread. Raises `UnknownRun`."""
        if run_id is not None:
            return await self.store.get(parse_run_id(run_id))
        if thread_id is not None:
            runs = await self.store.find(thread_id=thread_id, limit=1)
            if runs:
                return runs[0]
        raise UnknownRun("I don't know which run you mean. Please write it in the run's thread.")

    async def _find_scope(self, request: ApprovalRequest) -> Scope:
        """Return what the approval is about; of an unknown run, as if it were one of Theseus."""
        try:
            run = await self.find(run_id=request.run_id, thread_id=request.thread_id)
        except UnknownRun:
            return Scope(guild_id=self.approval_policy.people.find_guild(request.person.at))
        return self.approval_policy.get_scope(run)

    async def find_runs(self, number: int) -> tuple[Run, ...]:
        """Return the runs with that proposal number, open ones first.

        There may be several, because every repository starts its numbers at 1.
        """
        found = [
            run
            for run in await self.store.find(limit=_LOOKED_THROUGH)
            if (proposal := (await self.store.get_history(run.id)).proposal) is not None
            and proposal.number == number
        ]
        return tuple(sorted(found, key=lambda run: run.has_ended))

    async def _record_vote(self, run: Run, request: ApprovalRequest) -> tuple[Run, Approval, bool]:
        history = await self.store.get_history(run.id)
        proposal = _get_open_proposal(run, history, self.describe(run))
        if run.status is Status.DONE and history.approval is not None:
            return run, history.approval, False
        vote = await self._check_request(run, history, proposal, request)
        need = self.approval_policy.need(run, history)
        if request.person.id in need.not_by:
            raise NotAuthorized(
                f"{request.person.name}, you asked for this change, or for a part of it: someone "
                "else has to approve it (`approval.other_than_requester`)."
            )
        known = history.approval_votes
        fresh = ApprovalVotes(head=proposal.head, version=proposal.version)
        votes = (known if known and known.is_for(proposal) else fresh).add(vote, need)
        history = history.add(votes)
        found = await self.approval_policy.count_votes(run, history, proposal)
        outcome = found.summary
        if found.enough:
            await self.stop_guard.check_merge()  # the stop may have been given meanwhile
            counts = await self.store.get_approval(run.id, vote.head) or found.as_one()
            outcome = f"given first by {counts.person.name}"
        # Audit first: an approval that cannot be audited must not count, not even after a restart.
        accepted = "; ".join(vote.accepted_slowdowns)
        outcome += f" (accepted as slower: {accepted})" if accepted else ""
        await self._audit(request, allowed=True, note=f"{run.id} {vote.head} {outcome}")
        await self.store.append(run.id, votes)
        if not found.enough:
            await self.show_proposal(run, history)
            return run, vote, False
        await self.store.approve(found.as_one())
        is_waiting = run.status is Status.WAITING
        run = await self.queue_shipment(run) if is_waiting else run
        return run, found.as_one(), is_waiting

    async def _check_request(
        self, run: Run, history: History, proposal: Proposal, request: ApprovalRequest
    ) -> Approval:
        if request.number is not None and request.number != proposal.number:
            raise StaleApproval(
                f"Run `{run.id}` proposes #{proposal.number}, not #{request.number}; nothing was "
                "merged."
            )
        if request.edited:
            raise StaleApproval("That message was edited; please send it again.")
        check_binding(proposal, card_id=request.card_id, head=request.head, forge_head=None)
        shown, source_id = proposal.card_id, request.source_id
        if shown is None:
            raise StaleApproval(
                f"The card of `{proposal.head[:7]}` is not posted yet; please wait for it."
            )
        if source_id is not None and source_id < shown:  # ids grow with time
            raise StaleApproval(
                "Your message is older than the newest card, which shows "
                f"`{proposal.head[:7]}`. Please look at the card and send it again."
            )
        forge = self.targets.get(run.trigger.target).forge
        _check_forge_state(await forge.get_proposal(proposal.number), proposal, history)
        verdict = history.verdict
        if verdict is None or verdict.head != proposal.head or not verdict.is_passing:
            raise StaleApproval(
                f"I have not checked `{proposal.head[:7]}` yet; please wait for the next card."
            )
        check_review(verdict.findings, reviewed=request.security_reviewed)
        check_slowdowns(verdict.slowdowns, accepted=request.slower_accepted)
        return Approval(
            run_id=run.id,
            proposal=proposal.number,
            head=proposal.head,
            person=request.person,
            at=self.clock.now(),
            how=request.how,
            security_reviewed=request.security_reviewed,
            accepted_slowdowns=verdict.slowdowns,
        )

    async def _audit(self, request: ApprovalRequest, *, allowed: bool, note: str) -> None:
        await self.audit_writer.write(
            AuditEntry(
                at=self.clock.now(),
                action=Act.SHIP,
                allowed=allowed,
                person=request.person,
                run_id=request.run_id,
                how=request.how,
                note=note,
                head=request.head or "",
                channel_id=request.thread_id,
                message_id=request.source_id or request.card_id,
            )
        )


def _get_open_proposal(run: Run, history: History, status: str) -> Proposal:
    """Return the proposal to approve. Raises `WrongStage` if there is none.

    Approving a proposal that is already shipping is not an error.
    """
    if run.has_ended and (run.status is not Status.DONE or history.approval is None):
        raise WrongStage(f"Run `{run.id}` has ended already: {run.reason or status}")
    if history.proposal is None:
        raise WrongStage(f"Run `{run.id}` has no proposal to ship ({status}).")
    if history.revising is not None and run.stage is not Stage.SHIP:
        raise WrongStage(
            f"I am revising #{history.proposal.number} now, as requested in this thread. "
            "Please approve the new card when it is posted. Nothing was merged."
        )
    if run.stage is not Stage.SHIP:
        raise WrongStage(
            "The branch has new commits since that card. I am checking them and will post a new "
            "card when they pass. Nothing was merged."
        )
    return history.proposal


def _check_forge_state(opened: ForgeProposal, proposal: Proposal, history: History) -> None:
    """Raise `StaleApproval` if the forge does not show what the card showed any more."""
    if opened.state == "closed":
        raise StaleApproval(f"#{proposal.number} was closed at the forge; nothing was merged.")
    verdict = history.verdict
    if opened.head != proposal.head and verdict and verdict.head == opened.head:
        raise StaleApproval(
            f"The branch has moved to `{opened.head[:7]}`, which does not pass the checks. Nothing "
            "was merged; push a commit that passes, or reject."
        )
    check_binding(proposal, card_id=None, head=None, forge_head=opened.head)
