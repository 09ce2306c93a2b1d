"""The start: continue, queue or end what an earlier process left, each with a word about it."""

import logging
from typing import assert_never

from bot.domain.cards import doing
from bot.domain.errors import ChatRejected, StoreConflict, TheseusError
from bot.domain.run import ENDED, Recovery, Run, Stage, Status, recovery
from bot.self_improvement._approval import Approvals
from bot.self_improvement._keeper import Keeper
from bot.self_improvement._parts import Doors
from bot.self_improvement._turns import Turns
from bot.self_improvement._voice import Voice

_LIVE = frozenset(Status) - ENDED
_ALL = 1_000
_EXPLAINED_AGAIN = 200
_log = logging.getLogger(__name__)


class Startup:
    """Looks at every run found in the store, once."""

    def __init__(
        self, doors: Doors, voice: Voice, keeper: Keeper, approvals: Approvals, turns: Turns
    ) -> None:
        self._doors = doors
        self._voice = voice
        self._keeper = keeper
        self._approvals = approvals
        self._turns = turns

    async def recover(self, *, stopped: bool = False) -> None:
        """Decide about every run that has not ended; say last words that were not said.

        While everything is `stopped`, none is taken up again.
        """
        store = self._doors.store
        for run in () if stopped else await store.find(status=_LIVE, limit=_ALL):
            async with self._turns.of(run.id):
                try:
                    await self._recover(await store.get(run.id))
                except StoreConflict:
                    continue  # asked for just now: whoever asked takes it from there
                except TheseusError as error:
                    _log.warning("run %s could not be taken up again: %s", run.id, error)
                    await self._not_taken_up(run, error)
        for run in await store.find(status=ENDED, limit=_EXPLAINED_AGAIN):
            await self._voice.last_word(run, await store.history(run.id))
        keep = await store.find(status=_LIVE, limit=_ALL)
        await self._doors.workspaces.reap(frozenset(run.id for run in keep))

    async def announce(self, run: Run) -> Run:
        """Give a new run its thread and card, then queue it. Raises `ChatRejected`."""
        try:
            announced = await self._voice.announce(run)
        except ChatRejected as error:
            await self._keeper.end(run, Status.FAILED, str(error))
            raise
        try:
            return await self._doors.store.save(announced.but(status=Status.QUEUED))
        except StoreConflict:
            return await self._ended_meanwhile(announced)

    async def _not_taken_up(self, run: Run, error: TheseusError) -> None:
        """Say what keeps a run from going on after a restart: its own thread may not be there."""
        now = await self._doors.store.get(run.id)
        way_out = f" `/runs retry {run.id}` tries again." if now.ended else ""
        text = f"I was restarted, and could not take this up again: {error}{way_out}"
        await self._voice.say_elsewhere(now, text, key=f"left:{now.version}")

    async def _ended_meanwhile(self, announced: Run) -> Run:
        """Say in the thread that was just opened that the run has ended. Raises `StoreConflict`."""
        now = await self._doors.store.get(announced.id)
        if not now.ended or now.thread_id is not None:
            raise StoreConflict(f"Run {now.id} was changed by somebody else meanwhile.")
        known = now.but(thread_id=announced.thread_id, card_id=announced.card_id)
        ended = await self._doors.store.save(known)
        history = await self._doors.store.history(ended.id)
        await self._voice.refresh(ended, history)
        await self._voice.last_word(ended, history)
        return ended

    async def _recover(self, run: Run) -> None:
        decision = recovery(run, alive=frozenset())
        if decision is Recovery.QUARANTINE:
            await self._quarantine(run)
        elif decision is Recovery.CONTINUE:
            queued = run.but(
                status=Status.QUEUED, lease_owner=None, interruptions=run.interruptions + 1
            )
            saved = await self._doors.store.save(queued)
            text = f"I was restarted while {doing(run.stage)}; going on from there."
            await self._voice.say(saved, text, key=f"resumed:{saved.version}")
        elif decision is Recovery.LEAVE:
            await self._left(run)
        else:
            assert_never(decision)

    async def _quarantine(self, run: Run) -> None:
        history = await self._doors.store.history(run.id)
        if history.revising is not None:  # what stood before it is not to blame
            idle = run.but(status=Status.QUEUED, lease_owner=None)
            await self._keeper.stand(
                idle, history, f"I was interrupted twice while {doing(run.stage)}."
            )
            return
        reason = (
            f"Interrupted twice while {doing(run.stage)}; `/runs retry {run.id}` tries it again."
        )
        reason += await self._keeper.withdraw_quietly(run, history, reason)
        await self._keeper.end(run, Status.QUARANTINED, reason)

    async def _left(self, run: Run) -> None:
        """Queue a waiting run whose reason to wait is gone: announced by half, or approved."""
        if run.status is not Status.WAITING:
            return
        if run.parked:  # the sweep lets it go on when its time has come
            await self._keeper.say_parked(run, await self._doors.store.history(run.id))
            return
        if run.stage is not Stage.SHIP:
            await self.announce(run)
            return
        if run.reason:
            await self._keeper.say_unshipped(run)
            return
        history = await self._doors.store.history(run.id)
        if history.proposal and await self._approvals.was_given(run, history, history.proposal):
            await self._approvals.queue(run)
