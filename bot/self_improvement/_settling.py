"""Settling: what became of a cancelled run's proposal when the forge did not answer at its end.

The run ends all the same, within seconds; a merge that was on its way then may have happened or
not. So the forge is asked again and again, over restarts, until it tells, and people are told.
"""

import asyncio
import logging

from bot.domain.audit import AuditEntry
from bot.domain.errors import ForgeError, TheseusError
from bot.domain.links import linked
from bot.domain.proposal import ForgeProposal
from bot.domain.record import Record
from bot.domain.run import Run
from bot.self_improvement._keeper import Keeper
from bot.self_improvement._parts import Doors
from bot.self_improvement._voice import Voice

AGAIN_SECONDS = 30.0
_PATIENCE = 20.0  # seconds for one answer
_PREFIX = "unsettled:"
_log = logging.getLogger(__name__)


class Unsettled(Record):
    """A run that ended without knowing what became of its proposal."""

    run_id: str


class Settling:
    """Keeps such runs on the shelf, and asks."""

    def __init__(self, doors: Doors, keeper: Keeper, voice: Voice) -> None:
        self._doors = doors
        self._keeper = keeper
        self._voice = voice

    async def later(self, run: Run) -> None:
        """Ask what became of it later. Kept before the run ends: a crash forgets nothing."""
        await self._doors.shelf.put(_PREFIX + run.id, Unsettled(run_id=run.id))

    async def run_forever(self) -> None:
        """Ask again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except TheseusError:
                _log.exception("what became of a proposal was not told; the next look tries")
            await self._doors.clock.sleep(AGAIN_SECONDS)

    async def look(self) -> None:
        """Ask about each once; close what is still open."""
        for each in await self._doors.shelf.all(_PREFIX, Unsettled):
            run = await self._doors.store.get(each.run_id)
            history = await self._doors.store.history(run.id)
            if run.ended:
                try:
                    async with asyncio.timeout(_PATIENCE):
                        opened = await self._keeper.withdraw(run, history, run.reason)
                except (ForgeError, TimeoutError):
                    continue
                await self._told(run, opened)
            await self._doors.shelf.remove(_PREFIX + run.id)

    async def _told(self, run: Run, opened: ForgeProposal | None) -> None:
        """Say what the forge says: in the thread, and of a merge in the dev channel and the log."""
        if opened is None or opened.state != "merged":
            number = f"#{opened.number} is {opened.state}" if opened else "it has no pull request"
            await self._voice.say(
                run, f"The forge answers again: {number}; nothing was merged.", key="settled"
            )
            return
        commit = (opened.merge_commit or opened.head)[:7]
        named = linked(f"#{opened.number}", opened.url)
        text = (
            f"⚠️ The forge answers again: {named} of run `{run.id}` was "
            f"merged as `{commit}` before its end reached the forge. It comes live with what is "
            "shipped next; revert it at the forge if it should not."
        )
        await self._doors.store.audit(
            AuditEntry(
                at=self._doors.clock.now(),
                action="merged",
                allowed=True,
                run_id=run.id,
                note="found merged after the run had ended, when the forge answered again",
                head=opened.head,
            )
        )
        await self._voice.say(run, text, key="settled")
        await self._voice.tell(text, key=f"settled:{run.id}")
