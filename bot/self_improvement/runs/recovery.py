"""Recovers runs at the start, and after an outage of the state.

They are continued, queued or ended, and their threads are told.
"""

from dataclasses import dataclass
from typing import assert_never

import structlog

from bot.authority.approvals import Approvals
from bot.authority.run_locks import RunLocks
from bot.domain.errors import ChatRejected, StoreConflict, TheseusError
from bot.domain.run import FINAL_STATUSES, Recovery, Run, Stage, Status, Waiting, choose_recovery
from bot.domain.run_state import Edge
from bot.domain.target_errors import TargetMissing
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.presentation.cards import get_activity
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.reporting.proposal_cards import ProposalCards
from bot.self_improvement.requests.proposal_closer import try_close_proposal
from bot.self_improvement.runs.failures import StepFailures
from bot.self_improvement.runs.transitions import RunTransitions

_LIVE = frozenset(Status) - FINAL_STATUSES
_ALL = 1_000
_MOST_REEXPLAINED = 200
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class RecoveryService:
    """Handles every unfinished run in the store, once."""

    store: Store
    targets: Targets
    notifier: RunNotifier
    transitions: RunTransitions
    failures: StepFailures
    approvals: Approvals
    proposal_cards: ProposalCards
    run_locks: RunLocks

    async def recover(self, *, stopped: bool = False) -> None:
        """Handle every unfinished run, and post endings that were not posted.

        If everything is `stopped`, no run is resumed.
        """
        store = self.store
        for run in () if stopped else await store.find(status=_LIVE, limit=_ALL):
            async with self.run_locks.get(run.id):
                try:
                    await self._recover(await store.get(run.id))
                except StoreConflict:
                    continue  # another request has changed the run and continues it
                except TheseusError as error:
                    _log.warning("run %s could not be resumed: %s", run.id, error)
                    await self._report_not_resumed(run, error)
            # Outside of the lock, which it takes itself if the card cannot be posted.
            await self._show_card(run.id)
        # A kill between saving and posting an ending leaves people without an answer. Endings that
        # were posted are known to the outbox by their key.
        for run in await store.find(status=FINAL_STATUSES, limit=_MOST_REEXPLAINED):
            await self.notifier.announce_end(run, await store.get_history(run.id))
        # Read again: the loop above has ended some runs, and people have requested others.
        keep = await store.find(status=_LIVE, limit=_ALL)
        for ports in self.targets.list_all():
            await ports.workspaces.reap(frozenset(run.id for run in keep))

    async def recover_after_outage(self, run_id: str, owner: str) -> None:
        """Handle a run of this owner whose stage could not reach the state, as after a restart.

        Raises `StoreError` while the state is away.
        """
        async with self.run_locks.get(run_id):
            run = await self.store.get(run_id)
            if run.status is Status.RUNNING and run.lease_owner != owner:
                return  # another process has taken it over meanwhile
            await self._recover(run, cause="My state could not be reached")
        await self._show_card(run_id)
        run = await self.store.get(run_id)
        if run.has_ended:
            await self.notifier.announce_end(run, await self.store.get_history(run_id))

    async def announce(self, run: Run) -> Run:
        """Give a new run its thread and card, then queue it. Raises `ChatRejected`."""
        try:
            announced = await self.notifier.announce(run)
        except ChatRejected as error:
            await self.transitions.end(run, Edge.FAILED, str(error))
            raise
        try:
            return await self.transitions.go_on_with_thread(announced)
        except StoreConflict:
            return await self._report_ended(announced)

    async def _show_card(self, run_id: str) -> None:
        """Post the card of a proposal that an earlier process saved but did not post."""
        try:
            await self.proposal_cards.show(await self.store.get(run_id))
        except ChatRejected as error:
            async with self.run_locks.get(run_id):
                await self.failures.wait_for_thread(await self.store.get(run_id), str(error))

    async def _report_not_resumed(self, run: Run, error: TheseusError) -> None:
        """Say why a run cannot continue after a restart; its own thread may not exist."""
        now = await self.store.get(run.id)
        way_out = f" `/runs retry {run.id}` tries again." if now.has_ended else ""
        text = f"I was restarted, and could not resume this run: {error}{way_out}"
        await self.notifier.say_in_fallback(now, text, key=f"left:{now.version}")

    async def _report_ended(self, announced: Run) -> Run:
        """Say in the new thread that the run has ended meanwhile. Raises `StoreConflict`."""
        now = await self.store.get(announced.id)
        if not now.has_ended or now.thread_id is not None:
            raise StoreConflict(f"Run {now.id} was changed meanwhile.")
        known = now.replace(thread_id=announced.thread_id, card_id=announced.card_id)
        ended = await self.store.save(known)
        history = await self.store.get_history(ended.id)
        await self.notifier.refresh(ended, history)
        await self.notifier.announce_end(ended, history)
        return ended

    async def _recover(self, run: Run, cause: str = "I was restarted") -> None:
        try:
            self.targets.get(run.trigger.target)
        except TargetMissing as missing:
            if not run.has_ended:
                await self.transitions.end(run, Edge.FAILED, str(missing))
            return
        decision = choose_recovery(run, alive=frozenset())
        if decision is Recovery.QUARANTINE:
            await self._quarantine(run)
        elif decision is Recovery.CONTINUE:
            interrupted = run.replace(interruptions=run.interruptions + 1)
            saved = await self.transitions.hand_back(interrupted)
            text = f"{cause} while {get_activity(run.stage)}; going on from there."
            await self.notifier.say(saved, text, key=f"resumed:{saved.version}")
        elif decision is Recovery.LEAVE:
            await self._requeue_released(run)
        else:
            assert_never(decision)

    async def _quarantine(self, run: Run) -> None:
        history = await self.store.get_history(run.id)
        why = f"I was interrupted twice while {get_activity(run.stage)}."
        if await self.failures.fall_back(run, history, why, worked_on=False) is not None:
            return  # the earlier state did not cause the interruptions
        reason = (
            f"Interrupted twice while {get_activity(run.stage)}; `/runs retry {run.id}` tries it "
            "again."
        )
        reason += await try_close_proposal(self.targets, run, history, reason)
        await self.transitions.end(run, Edge.DIED_TWICE, reason)

    async def _requeue_released(self, run: Run) -> None:
        """Queue a waiting run that has no more reason to wait: half announced, or approved."""
        if run.status is not Status.WAITING:
            return
        if run.asks:  # the poller continues it when its time has come
            await self.transitions.say_parked(run, await self.store.get_history(run.id))
            return
        if run.stage is not Stage.SHIP:
            await self.announce(run)
            return
        if run.waiting is Waiting.THREAD:
            await self.failures.report_lost_thread(run)
            return
        if run.waiting is not Waiting.APPROVAL:
            await self.failures.say_unshipped(run)
            return
        history = await self.store.get_history(run.id)
        if history.proposal and await self.approvals.has_enough_votes(
            run, history, history.proposal
        ):
            await self.transitions.go_on_with_approval(run)
