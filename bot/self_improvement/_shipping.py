"""Ship: the full checks, the merge, the running code; patient while the forge checks itself."""

from bot.domain.audit import AuditEntry
from bot.domain.change import FullTier
from bot.domain.errors import (
    BaseMoved,
    ChatUnavailable,
    ForgeConflict,
    ForgePending,
    MergeConflict,
    PortError,
)
from bot.domain.history import History
from bot.domain.proposal import Approval, Proposal, Shipment
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.self_improvement._kit import Kit, need
from bot.self_improvement._merge_check import MergeCheck
from bot.self_improvement._pauses import soon
from bot.self_improvement._quorum import Quorum
from bot.self_improvement._undoing import Undoing
from bot.self_improvement._watching import Watching
from bot.self_improvement._words import conflict_text, moved_text

_MERGES = 3  # checked for one word, while the base branch moves


class Shipping:
    """Ships an approved head."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._watching = Watching(kit.doors, kit.stages, kit.limits, kit.voice)
        self._undoing = Undoing(kit)
        self._quorum = Quorum(kit.doors, kit.limits)
        self._check = MergeCheck(kit)

    async def ship(self, run: Run, history: History) -> Run:
        """Merge what was approved and take it on; what does not work waits for another word.

        What the merge comes to is checked before it is made. Where the base branch moves
        meanwhile that is another merge, and it is checked anew, a few times.
        """
        try:
            await self._quorum.approval(
                run, need(history.proposal)
            )  # before checks take their time
        except ChatUnavailable as error:
            return await self._pending(run, error)
        for _ in range(_MERGES):
            try:
                return await self._checked_and_merged(run, history)
            except BaseMoved as error:
                moved = f"{error}: checking the merge with what came"
                await self._kit.voice.refresh(run, history, moved)
        what = (
            f"other changes came to the base branch {_MERGES} times while I checked what merging "
            "this comes to, so nothing was merged."
        )
        return await self._kit.keeper.unshipped(run, what)

    async def _checked_and_merged(self, run: Run, history: History) -> Run:
        """Check what the merge comes to, and make it if that holds. Raises `BaseMoved`."""
        kit, proposal = self._kit, need(history.proposal)
        records: tuple[Record, ...] = ()
        try:
            tier = await kit.patiently(run, history, lambda: self._check(run, history, proposal))
            if tier is not None and not tier.ok:
                return await kit.keeper.unproven(run, tier)
            records = () if tier in (None, history.full_tier) else (tier,)
            approval, shipment = await kit.patiently(
                run, history, lambda: self._merged(run, proposal, tier)
            )
        except MergeConflict as error:
            return await kit.keeper.unshipped(run, conflict_text(error))
        except (ForgePending, ChatUnavailable) as error:
            return await self._pending(run, error, *records)
        except ForgeConflict as error:
            if not await self._has_moved(proposal):
                raise
            again = run.but(round=run.round + 1)
            await kit.voice.say(run, moved_text(error), key=f"conflict:{run.version}")
            return await kit.keeper.advance(again, Stage.VERIFY)
        return await self._shipped(run, history, shipment, *records, approval)

    async def _shipped(
        self, run: Run, history: History, shipment: Shipment, *records: Record
    ) -> Run:
        """End the run with what became of it."""
        reason = f"{shipment.told[0].upper()}{shipment.told[1:]}."
        if shipment.otherwise:
            reason += (
                " ⚠️ The base branch moved in that very moment, so what landed is not exactly what "
                "was checked: look at it, or say “revert”."
            )
        await self._audit(run, shipment, reason)
        watch = await self._watching.begin(run, history, shipment)
        records = (*records, shipment, *([watch] if watch else []))
        if run.goal == "revert":
            await self._undoing.shipped(run, need(history.proposal))
        return await self._kit.keeper.end(run, Status.DONE, reason, *records)

    async def _merged(
        self, run: Run, proposal: Proposal, tier: FullTier | None
    ) -> tuple[Approval, Shipment]:
        """Merge with the words of those who may give them at this very moment.

        Minutes may have passed since they were given, with the full checks or a forge out of reach.
        """
        approval = await self._quorum.approval(run, proposal)
        if not await self._kit.is_merged(run, proposal):
            await self._kit.sign.check_merge()  # what is merged already comes live, though
        result = tier.result if tier else None
        return approval, await self._kit.stages.ship(proposal, approval, result)

    async def _audit(self, run: Run, shipment: Shipment, reason: str) -> None:
        """Write down what was merged and what of it runs; cut short, it is written again."""
        taken = f"merge {shipment.merge_commit}, live {shipment.live_commit}"
        reloaded = f", reloaded {', '.join(shipment.reloaded)}" if shipment.reloaded else ""
        await self._kit.doors.store.audit(
            AuditEntry(
                at=self._kit.doors.clock.now(),
                action="merged",
                allowed=True,
                run_id=run.id,
                note=f"{reason} {taken}{reloaded}",
                head=shipment.approved_head,
            )
        )

    async def _pending(self, run: Run, error: PortError, *records: Record) -> Run:
        """Wait for the forge's own checks, or for the chat, without holding a worker; not for ever.

        The limit is kept in the row while the sweep tries again and again.
        """
        limit, now = self._kit.limits.forge_checks, self._kit.doors.clock.now()
        until = run.parked_until or now + limit
        if now >= until:
            waited = f"{limit.total_seconds() / 60:.0f} min"
            what = f"{error} I waited {waited} for that."
            return await self._kit.keeper.unshipped(run, what, *records)
        reason = f"{error} I try again until {soon(until)}."
        return await self._kit.keeper.park(run, until, reason, *records)

    async def _has_moved(self, proposal: Proposal) -> bool:
        opened = await self._kit.doors.forge.proposal(proposal.number)
        return opened.state == "open" and opened.head != proposal.head
