"""Keeping runs: every change of a run is saved first, then shown."""

from datetime import datetime

from bot.domain.cards import failed_outputs, outputs
from bot.domain.change import FullTier, Verdict
from bot.domain.errors import ForgeError, ForgeRejected, TheseusError
from bot.domain.history import History
from bot.domain.ids import short_id
from bot.domain.posts import Attachment
from bot.domain.proposal import ForgeProposal
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.self_improvement._parts import Doors
from bot.self_improvement._voice import Voice
from bot.telemetry import redact

_MAY_BE_PROPOSED = (Stage.PROPOSE, Stage.SHIP)


class Keeper:
    """Saves runs and says what became of them. Raises `StoreConflict` where others were first."""

    def __init__(self, doors: Doors, voice: Voice) -> None:
        self._doors = doors
        self._voice = voice

    async def save(self, after: Run, *records: Record) -> Run:
        """Save the run with new records, and bring its card up to date."""
        now = self._doors.clock.now()
        saved = await self._doors.store.save(after.but(updated_at=now), *records)
        await self._voice.refresh(saved, await self._doors.store.history(saved.id))
        return saved

    async def advance(self, run: Run, stage: Stage, *records: Record) -> Run:
        """Save the run as one that does `stage` next."""
        return await self.save(run.but(stage=stage, interruptions=0), *records)

    async def wait(self, run: Run, *records: Record, reason: str = "") -> Run:
        """Save the run as one that waits for a person's word; `reason` says what went wrong."""
        waiting = run.but(
            stage=Stage.SHIP,
            status=Status.WAITING,
            interruptions=0,
            lease_owner=None,
            lease_until=None,
            reason=reason,
        )
        return await self.save(waiting, *records)

    async def park(self, run: Run, until: datetime, reason: str, *records: Record) -> Run:
        """Save the run as one that goes on at its stage by itself, at `until` at the latest."""
        parked = run.but(
            status=Status.WAITING,
            parked_until=until,
            parks=run.parks + 1,
            interruptions=0,
            lease_owner=None,
            lease_until=None,
            reason=reason,
        )
        return await self.save(parked, *records)

    async def end(self, run: Run, status: Status, reason: str, *records: Record) -> Run:
        """Save the run as ended, and say so in its thread."""
        ended = run.but(status=status, reason=reason, lease_owner=None, lease_until=None)
        saved = await self.save(ended, *records)
        await self._voice.last_word(saved, await self._doors.store.history(run.id))
        return saved

    async def fail(self, run_id: str, stage: Stage, error: Exception, record_id: str) -> Run:
        """End the run whose `stage` raised; a shipment that failed waits for another word."""
        run = await self._doors.store.get(run_id)
        if run.ended:
            return run
        history = await self._doors.store.history(run.id)
        what = _explained(error, record_id)
        if stage is Stage.SHIP and history.proposal is not None:
            return await self.unshipped(run, what)
        reason = f"Stopped at {stage}: {what}"
        if isinstance(error, TheseusError) and error.retryable:
            reason += f" `/runs retry {run.id}` tries again."
        reason += await self.withdraw_quietly(run, history, reason)
        return await self.end(run, Status.FAILED, reason)

    async def unshipped(self, run: Run, what: str) -> Run:
        """Wait for another "ship it", and say why the last one did not work."""
        waiting = await self.wait(run, reason=f"Not shipped: {what}")
        await self.say_unshipped(waiting)
        return waiting

    async def unproven(self, run: Run, tier: FullTier) -> Run:
        """Wait for another "ship it" after the full checks failed, with their output."""
        failed = ", ".join(f"{check.name} {check.status}" for check in tier.checks if not check.ok)
        waiting = await self.wait(run, tier, reason=f"Not shipped: full checks fail ({failed}).")
        await self.say_unshipped(waiting, outputs(tier.checks))
        return waiting

    async def say_unshipped(self, run: Run, attachments: tuple[Attachment, ...] = ()) -> None:
        """Say why a waiting run was not shipped; again is harmless."""
        text = f"⚠️ {run.reason}\nOnce that is mended, say “ship it” again, or “reject”."
        key = f"unshipped:{run.version}"
        await self._voice.say(run, text, key=key, attachments=attachments)

    async def withdraw(self, run: Run, history: History, why: str) -> ForgeProposal | None:
        """Close the run's proposal if it has an open one; return it as it stands now.

        One that is merged stays merged. Raises `ForgeError`.
        """
        if history.proposal is None and run.stage not in _MAY_BE_PROPOSED:
            return None
        opened = await self._doors.forge.find(run.id)
        if opened is None or opened.state != "open":
            return opened
        try:
            return await self._doors.forge.close(opened.number, why)
        except ForgeRejected:  # merged in the meantime, or refused for good: look again
            return await self._doors.forge.proposal(opened.number)

    async def withdraw_quietly(self, run: Run, history: History, why: str) -> str:
        """Close the run's proposal as far as possible; return what people should know of it."""
        try:
            return about(await self.withdraw(run, history, why))
        except ForgeError as error:
            return f" Its pull request could not be closed: {error}"

    async def say_round(self, run: Run, verdict: Verdict, text: str, *, key: str) -> None:
        """Say why a head does not hold, with the output of what failed."""
        await self._voice.say(run, text, key=key, attachments=failed_outputs(verdict))


def about(opened: ForgeProposal | None) -> str:
    """Return what to add about a proposal that was withdrawn; nothing if it is closed now."""
    if opened is None or opened.state == "closed":
        return ""
    if opened.state == "merged":
        return f" [#{opened.number}]({opened.url}) is merged already, though."
    return f" [#{opened.number}]({opened.url}) is still open at the forge."


def _explained(error: Exception, record_id: str) -> str:
    if isinstance(error, TheseusError):
        return redact(str(error))
    return (
        f"{type(error).__name__} inside Theseus itself. It is in my journal as "
        f"`{short_id(record_id)}`."
    )
