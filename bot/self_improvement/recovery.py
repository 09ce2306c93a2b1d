"""The start: continue, queue or end what an earlier process left, each with a word about it."""

import logging
from typing import assert_never

from bot.authority.approvals import Approvals
from bot.authority.run_locks import RunLocks
from bot.domain.errors import ChatRejected, StoreConflict, TheseusError
from bot.domain.run import ENDED, Recovery, Run, Stage, Status, Waiting, recovery
from bot.presentation.cards import doing
from bot.self_improvement.failures import StepFailures
from bot.self_improvement.notifier import RunNotifier
from bot.self_improvement.proposal_cards import ProposalCards
from bot.self_improvement.proposal_withdrawal import withdraw_quietly
from bot.self_improvement.services import Services
from bot.self_improvement.transitions import RunTransitions

_LIVE = frozenset(Status) - ENDED
_ALL = 1_000
_EXPLAINED_AGAIN = 200
_log = logging.getLogger(__name__)


class RecoveryService:
    """Looks at every run found in the store, once."""

    def __init__(
        self,
        services: Services,
        notifier: RunNotifier,
        transitions: RunTransitions,
        failures: StepFailures,
        approvals: Approvals,
        proposal_cards: ProposalCards,
        run_locks: RunLocks,
    ) -> None:
        self._services = services
        self._notifier = notifier
        self._transitions = transitions
        self._failures = failures
        self._approvals = approvals
        self._proposal_cards = proposal_cards
        self._run_locks = run_locks

    async def recover(self, *, stopped: bool = False) -> None:
        """Decide about every run that has not ended; say last words that were not said.

        While everything is `stopped`, none is taken up again.
        """
        store = self._services.store
        for run in () if stopped else await store.find(status=_LIVE, limit=_ALL):
            async with self._run_locks.of(run.id):
                try:
                    await self._recover(await store.get(run.id))
                except StoreConflict:
                    continue  # asked for just now: whoever asked takes it from there
                except TheseusError as error:
                    _log.warning("run %s could not be taken up again: %s", run.id, error)
                    await self._not_taken_up(run, error)
            await self._show_card(run.id)
        for run in await store.find(status=ENDED, limit=_EXPLAINED_AGAIN):
            await self._notifier.last_word(run, await store.history(run.id))
        keep = await store.find(status=_LIVE, limit=_ALL)
        await self._services.workspaces.reap(frozenset(run.id for run in keep))

    async def announce(self, run: Run) -> Run:
        """Give a new run its thread and card, then queue it. Raises `ChatRejected`."""
        try:
            announced = await self._notifier.announce(run)
        except ChatRejected as error:
            await self._transitions.end(run, Status.FAILED, str(error))
            raise
        try:
            return await self._transitions.announced(announced)
        except StoreConflict:
            return await self._ended_meanwhile(announced)

    async def _show_card(self, run_id: str) -> None:
        """Show a proposal whose card an earlier process saved, and did not live to post."""
        try:
            await self._proposal_cards.show(await self._services.store.get(run_id))
        except ChatRejected as error:
            async with self._run_locks.of(run_id):
                await self._failures.unheard(await self._services.store.get(run_id), str(error))

    async def _not_taken_up(self, run: Run, error: TheseusError) -> None:
        """Say what keeps a run from going on after a restart: its own thread may not be there."""
        now = await self._services.store.get(run.id)
        way_out = f" `/runs retry {run.id}` tries again." if now.ended else ""
        text = f"I was restarted, and could not take this up again: {error}{way_out}"
        await self._notifier.say_elsewhere(now, text, key=f"left:{now.version}")

    async def _ended_meanwhile(self, announced: Run) -> Run:
        """Say in the thread that was just opened that the run has ended. Raises `StoreConflict`."""
        now = await self._services.store.get(announced.id)
        if not now.ended or now.thread_id is not None:
            raise StoreConflict(f"Run {now.id} was changed by somebody else meanwhile.")
        known = now.but(thread_id=announced.thread_id, card_id=announced.card_id)
        ended = await self._services.store.save(known)
        history = await self._services.store.history(ended.id)
        await self._notifier.refresh(ended, history)
        await self._notifier.last_word(ended, history)
        return ended

    async def _recover(self, run: Run) -> None:
        decision = recovery(run, alive=frozenset())
        if decision is Recovery.QUARANTINE:
            await self._quarantine(run)
        elif decision is Recovery.CONTINUE:
            interrupted = run.but(interruptions=run.interruptions + 1)
            saved = await self._transitions.hand_back(interrupted)
            text = f"I was restarted while {doing(run.stage)}; going on from there."
            await self._notifier.say(saved, text, key=f"resumed:{saved.version}")
        elif decision is Recovery.LEAVE:
            await self._left(run)
        else:
            assert_never(decision)

    async def _quarantine(self, run: Run) -> None:
        history = await self._services.store.history(run.id)
        why = f"I was interrupted twice while {doing(run.stage)}."
        if await self._failures.fallen_back(run, history, why, worked_on=False) is not None:
            return  # what stood before is not to blame
        reason = (
            f"Interrupted twice while {doing(run.stage)}; `/runs retry {run.id}` tries it again."
        )
        reason += await withdraw_quietly(self._services.forge, run, history, reason)
        await self._transitions.end(run, Status.QUARANTINED, reason)

    async def _left(self, run: Run) -> None:
        """Queue a waiting run whose reason to wait is gone: announced by half, or approved."""
        if run.status is not Status.WAITING:
            return
        if run.asks:  # the sweep lets it go on when its time has come
            await self._transitions.say_parked(run, await self._services.store.history(run.id))
            return
        if run.stage is not Stage.SHIP:
            await self.announce(run)
            return
        if run.waiting is Waiting.THREAD:
            await self._failures.say_unheard(run)
            return
        if run.waiting is not Waiting.APPROVAL:
            await self._failures.say_unshipped(run)
            return
        history = await self._services.store.history(run.id)
        if history.proposal and await self._approvals.was_given(run, history, history.proposal):
            await self._transitions.queue_shipment(run)
