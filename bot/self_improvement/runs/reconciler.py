"""Finds out what became of a cancelled run's proposal if the forge did not answer at its end.

The run ends within seconds all the same. A merge that was under way may or may not have happened.
So the forge is asked repeatedly, also after restarts, until it answers; then people are told.
"""

import asyncio
from dataclasses import dataclass

import structlog
from theseus_guard.record import Record

from bot.authority.announcements import DevChannelAnnouncer
from bot.domain.audit import AuditEntry
from bot.domain.errors import ForgeError
from bot.domain.links import format_link
from bot.domain.proposal import ForgeProposal
from bot.domain.run import Run
from bot.periodic import log_tracebacks, run_periodically
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store
from bot.ports.targets import Targets
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.requests.proposal_closer import close_proposal

RETRY_SECONDS = 30.0
_ANSWER_SECONDS = 20.0  # for one answer of the forge
_PREFIX = "unsettled:"
_log = structlog.stdlib.get_logger(__name__)


class Unsettled(Record):
    """A run that ended while the state of its proposal was unknown."""

    run_id: str


@dataclass(frozen=True, eq=False)
class Reconciler:
    """Stores such runs in the key-value store, and asks the forge about them."""

    store: Store
    targets: Targets
    clock: Clock
    key_values: KeyValueStore
    notifier: RunNotifier
    announcer: DevChannelAnnouncer

    async def schedule(self, run: Run) -> None:
        """Ask about the run's proposal later.

        Stored before the run ends, so a crash loses nothing.
        """
        await self.key_values.put(_PREFIX + run.id, Unsettled(run_id=run.id))

    async def run_forever(self) -> None:
        """Ask repeatedly, until cancelled."""
        failed = log_tracebacks(_log, "the state of a proposal is still unknown; I will try again")
        await run_periodically(self.look, self.clock, RETRY_SECONDS, failed=failed)

    async def look(self) -> None:
        """Ask once about each run; close proposals that are still open."""
        for each in await self.key_values.list_records(_PREFIX, Unsettled):
            run = await self.store.get(each.run_id)
            history = await self.store.get_history(run.id)
            if run.has_ended:
                try:
                    async with asyncio.timeout(_ANSWER_SECONDS):
                        opened = await close_proposal(self.targets, run, history, run.reason)
                # The record stays, so that the next look asks again. Other runs do not wait for
                # this one.
                except (ForgeError, TimeoutError):
                    continue
                await self._report(run, opened)
            await self.key_values.remove(_PREFIX + run.id)

    async def _report(self, run: Run, opened: ForgeProposal | None) -> None:
        """Report the forge's answer in the thread; a merge also in dev channel and audit log."""
        if opened is None or opened.state != "merged":
            number = f"#{opened.number} is {opened.state}" if opened else "it has no pull request"
            await self.notifier.say(
                run, f"The forge answers again: {number}; nothing was merged.", key="settled"
            )
            return
        commit = (opened.merge_commit or opened.head)[:7]
        named = format_link(f"#{opened.number}", opened.url)
        text = (
            f"⚠️ The forge answers again: {named} of run `{run.id}` was "
            f"merged as `{commit}` before the forge knew that the run had ended. It comes live "
            "with the next shipped change. Revert it at the forge if it should not."
        )
        await self.store.append_audit_entry(
            AuditEntry(
                at=self.clock.now(),
                action="merged",
                allowed=True,
                run_id=run.id,
                note="found merged after the run had ended, when the forge answered again",
                head=opened.head,
            )
        )
        await self.notifier.say(run, text, key="settled")
        await self.announcer.tell(text, key=f"settled:{run.id}")
