"""Ship: the full checks, the merge, the running code; patient while the forge checks itself."""

from bot.domain.audit import AuditEntry
from bot.domain.change import FullTier
from bot.domain.errors import ChatUnavailable, ForgeConflict, ForgePending, PortError
from bot.domain.history import History
from bot.domain.proposal import Approval, Proposal, Shipment
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.self_improvement._kit import Kit, need
from bot.self_improvement._pauses import soon
from bot.self_improvement._quorum import Quorum
from bot.self_improvement._undoing import Undoing
from bot.self_improvement._watching import Watching
from bot.self_improvement._words import moved_text


class Shipping:
    """Ships an approved head."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._watching = Watching(kit.doors, kit.stages, kit.limits, kit.voice)
        self._undoing = Undoing(kit)
        self._quorum = Quorum(kit.doors, kit.limits)

    async def ship(self, run: Run, history: History) -> Run:
        """Merge what was approved and take it on; what does not work waits for another word."""
        kit, proposal = self._kit, need(history.proposal)
        try:
            await self._quorum.approval(run, proposal)  # before the full checks take their time
        except ChatUnavailable as error:
            return await self._pending(run, error)
        tier = await self._fully_proven(run, history)
        if tier is not None and not tier.ok:
            return await kit.keeper.unproven(run, tier)
        records: tuple[Record, ...] = () if tier is None or tier == history.full_tier else (tier,)
        try:
            approval, shipment = await kit.patiently(
                run, history, lambda: self._merged(run, proposal)
            )
        except (ForgePending, ChatUnavailable) as error:
            return await self._pending(run, error, *records)
        except ForgeConflict as error:
            if not await self._has_moved(proposal):
                raise
            again = run.but(round=run.round + 1)
            await kit.voice.say(run, moved_text(error), key=f"conflict:{run.version}")
            return await kit.keeper.advance(again, Stage.VERIFY)
        reason = f"{shipment.told[0].upper()}{shipment.told[1:]}."
        await self._audit(run, shipment, reason)
        watch = await self._watching.begin(run, history, shipment)
        records = (*records, approval, shipment, *([watch] if watch else []))
        if run.goal == "revert":
            await self._undoing.shipped(run, proposal)
        return await kit.keeper.end(run, Status.DONE, reason, *records)

    async def _merged(self, run: Run, proposal: Proposal) -> tuple[Approval, Shipment]:
        """Merge with the words of those who may give them at this very moment.

        Minutes may have passed since they were given, with the full checks or a forge out of reach.
        """
        approval = await self._quorum.approval(run, proposal)
        if not await self._kit.is_merged(run, proposal):
            await self._kit.sign.check_merge()  # what is merged already comes live, though
        return approval, await self._kit.stages.ship(proposal, approval)

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

    async def _fully_proven(self, run: Run, history: History) -> FullTier | None:
        """Return the full tier of the approved head, run once; `None` where the forge runs it."""
        kit, change, known = self._kit, need(history.change_set), history.full_tier
        if not kit.limits.full_tier or (known and known.head == change.head and known.ok):
            return known
        await kit.voice.refresh(run, history, "running the full checks before merging")
        show = kit.checking(run, history, "before merging: ")
        async with kit.lend(run, need(history.evidence)) as workspace:
            return await kit.stages.verify.fully(change, workspace, show)

    async def _has_moved(self, proposal: Proposal) -> bool:
        opened = await self._kit.doors.forge.proposal(proposal.number)
        return opened.state == "open" and opened.head != proposal.head
