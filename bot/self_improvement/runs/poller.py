"""Polls waiting runs: continues parked ones, and notices changes of proposals at the forge."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from theseus_observe.redaction import redact

from bot.authority.autonomy_gate import AutonomyPolicy
from bot.authority.kill_switch import KillSwitchGuard
from bot.authority.policy import Act
from bot.authority.run_locks import RunLocks
from bot.domain.audit import AuditEntry
from bot.domain.dialogue import Instruction, Instructions, format_place, is_praise
from bot.domain.errors import ForgeError, TheseusError
from bot.domain.history import History
from bot.domain.links import format_link
from bot.domain.proposal import Comment, ForgeProposal, Proposal
from bot.domain.run import Run, Stage, Status, Waiting
from bot.domain.run_state import Edge
from bot.periodic import log_tracebacks, run_periodically
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.dialogue import RunDialogue
from bot.self_improvement.runs.run_settings import RunSettings
from bot.self_improvement.runs.transitions import RunTransitions
from bot.self_improvement.runs.worker import Workers

_RETRY_DELAY = timedelta(seconds=10)  # between attempts to merge while the forge's checks run
_UNFOLLOWED = (
    "**{by}** commented on #{number}. I cannot follow the comment, because my engine works from "
    "tests alone. Push a commit to `{branch}`: I check it and post a new card."
)
_log = structlog.stdlib.get_logger(__name__)


class ReviewComments:
    """Starts revisions for what reviewers write at the forge."""

    def __init__(
        self,
        store: Store,
        targets: Targets,
        clock: Clock,
        dialogue: RunDialogue,
        notifier: RunNotifier,
        limits: RunSettings,
    ) -> None:
        self._store = store
        self._targets = targets
        self._clock = clock
        self._dialogue = dialogue
        self._notifier = notifier
        self._pause = limits.comments
        self._read: dict[str, datetime] = {}  # run -> when its proposal's comments were read

    async def handle(self, run: Run, history: History, opened: ForgeProposal) -> bool:
        """Start one revision for all that people asked meanwhile; return whether there was any."""
        return await self._dialogue.catch_up(run, history) or await self._read_comments(run, opened)

    async def _read_comments(self, run: Run, opened: ForgeProposal) -> bool:
        if run.goal == "revert":
            return False  # a revert contains exactly the reverted merge, so it cannot be revised
        now = self._clock.now()
        if now - self._read.get(run.id, run.created_at) < self._pause:
            return False
        try:
            forge = self._targets.get(run.trigger.target).forge
            written = await forge.list_comments(opened.number)
        except ForgeError:
            return False  # the next sweep reads them
        self._read[run.id] = now
        comments = tuple(comment for comment in written if not is_praise(comment.text))
        if not self._dialogue.can_follow_instructions:
            await self._refuse_comments(run, opened, comments)
            return False
        history = await self._store.get_history(run.id)
        new = (history.instructions or Instructions()).find_new(map(_build_instruction, comments))
        if not new:
            return False
        for item in new:
            await self._append_audit_entry(run, item)
        await self._dialogue.tell(run, new)
        return True

    async def _refuse_comments(
        self, run: Run, opened: ForgeProposal, comments: tuple[Comment, ...]
    ) -> None:
        for comment in comments:
            text = _UNFOLLOWED.format(by=comment.author, number=opened.number, branch=opened.branch)
            await self._notifier.say(run, text, key=f"unfollowed:{comment.key}")

    async def _append_audit_entry(self, run: Run, item: Instruction) -> None:
        await self._store.append_audit_entry(
            AuditEntry(
                at=self._clock.now(),
                action=Act.REVISE,
                allowed=True,
                run_id=run.id,
                how="review",
                note=f"{item.by}: {item.text}",
            )
        )


@dataclass(frozen=True, eq=False)
class OpenProposals:
    """Follows the proposals of waiting runs at the forge."""

    store: Store
    targets: Targets
    clock: Clock
    transitions: RunTransitions
    notifier: RunNotifier
    workers: Workers
    reviews: ReviewComments

    async def look_at(self, run: Run) -> None:
        """Handle what happened to the proposal of a run."""
        history = await self.store.get_history(run.id)
        proposal = history.proposal
        if proposal is None:
            return
        try:
            forge = self.targets.get(run.trigger.target).forge
            opened = await forge.get_proposal(proposal.number)
            # A pull request is a draft until the forge's checks have ended; then people are asked.
            if opened.state == "open" and opened.draft and opened.checks != "pending":
                opened = await forge.publish(proposal.number)
        except ForgeError:
            return  # the next sweep tries again; an approval would report the problem
        if opened.state == "closed":
            reason = f"#{proposal.number} was closed at the forge by hand."
            await self.transitions.end(run, Edge.REJECTED, reason)
        elif opened.state == "merged":
            await self._handle_merge(run, proposal)
        else:
            await self._open(run, history, opened)

    async def _handle_merge(self, run: Run, proposal: Proposal) -> None:
        if await self.store.get_approval(run.id, proposal.head) is not None:
            await self._go_on_shipping(run)
            return  # our own merge, which failed to come live and waits for another approval
        reason = (
            f"#{proposal.number} was merged at the forge by hand. It becomes live once this "
            "checkout is updated to it and I am restarted."
        )
        await self.transitions.end(run, Edge.MERGED_BY_HAND, reason)

    async def _open(self, run: Run, history: History, opened: ForgeProposal) -> None:
        """Check a head that was pushed; otherwise read comments, or continue shipping."""
        if history.verdict is None or opened.head != history.verdict.head:
            await self._handle_push(run)
            return
        if opened.checks == "failed":
            named = format_link(f"#{opened.number}", opened.url)
            text = f"⚠️ The forge's own checks fail on `{opened.head[:7]}` of {named}."
            await self.notifier.say(run, text, key=f"forge-checks:{opened.head}")
        if await self.reviews.handle(run, history, opened):
            return
        await self._go_on_shipping(run)

    async def _handle_push(self, run: Run) -> None:
        await self.transitions.requeue(run.replace(round=run.round + 1), Edge.PUSHED_TO)
        self.workers.wake()

    async def _go_on_shipping(self, run: Run) -> None:
        """Retry a merge that waits for the forge's checks; the run stores its time limit."""
        now = self.clock.now()
        if run.parked_until is None or now < min(run.parked_until, run.updated_at + _RETRY_DELAY):
            return
        await self.transitions.go_on_with_approval(run)
        self.workers.wake()


@dataclass(frozen=True, eq=False)
class ParkedRuns:
    """Continues runs whose time has come, and those whose kind of work is no longer paused."""

    clock: Clock
    autonomy: AutonomyPolicy
    dialogue: RunDialogue

    async def check_pauses(self) -> None:
        """Check the paused kinds of work. Raises `TheseusError`."""
        await self.autonomy.look()

    async def look_at(self, run: Run) -> None:
        """Resume the run if nothing holds it up any more."""
        if run.waiting is Waiting.PAUSED:
            if not await self.autonomy.should_wait(run):
                await self.dialogue.go_on(run)
        elif run.parked_until is not None and self.clock.now() >= run.parked_until:
            await self.dialogue.resume_overdue(run)


class Poller:
    """Checks every waiting run at intervals."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        run_locks: RunLocks,
        stop_guard: KillSwitchGuard,
        proposals: OpenProposals,
        parked: ParkedRuns,
        limits: RunSettings,
    ) -> None:
        self._store = store
        self._clock = clock
        self._run_locks = run_locks
        self._stop_guard = stop_guard
        self._proposals = proposals
        self._parked = parked
        self._pause_seconds = limits.sweep.total_seconds()

    async def run_forever(self) -> None:
        """Check every waiting run, then pause, until cancelled."""
        pause = self._pause_seconds
        failed = log_tracebacks(_log, "the sweep failed; the next one starts again")
        await run_periodically(self.look, self._clock, pause, first_after=pause, failed=failed)

    async def look(self) -> None:
        """Check every waiting run and paused kinds of work once; continue none during a stop."""
        if await self._stop_guard.get_stop() is not None:
            return
        try:
            await self._parked.check_pauses()
        except TheseusError:
            _log.exception("paused work could not be checked; the next sweep tries again")
        for run in await self._store.find(status={Status.WAITING}, limit=1000):
            # The run is read again under the lock: a person may have answered since the list was
            # read.
            async with self._run_locks.get(run.id):
                try:
                    await self._look_at(await self._store.get(run.id))
                except TheseusError:  # one failing run must not block the others
                    _log.exception("run %s could not be looked at; the next sweep tries", run.id)

    async def _look_at(self, run: Run) -> None:
        if run.status is Status.WAITING:
            watch = self._proposals if run.stage is Stage.SHIP else self._parked
            await watch.look_at(run)


def _build_instruction(comment: Comment) -> Instruction:
    return Instruction(
        key=f"review:{comment.key}",
        text=redact(format_place(comment.file, comment.line) + comment.text),
        by=comment.author,
        how="review",
        at=comment.at,
        file=comment.file,
        line=comment.line,
    )
