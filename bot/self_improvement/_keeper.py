"""Keeping runs: every change of a run is saved first, then shown."""

from datetime import datetime, timedelta

from bot.domain.cards import doing, failed_outputs, outputs
from bot.domain.change import ChangeSet, FullTier, Verdict
from bot.domain.dialogue import Question
from bot.domain.errors import (
    AgentOutputInvalid,
    AgentRefused,
    AgentStuck,
    AgentTimeout,
    ChatRejected,
    ForgeError,
    ForgeRejected,
    OutOfBounds,
    TheseusError,
)
from bot.domain.history import History
from bot.domain.ids import short_id
from bot.domain.links import linked
from bot.domain.pauses import HELD, Pause
from bot.domain.posts import Attachment
from bot.domain.proposal import ForgeProposal
from bot.domain.record import Record
from bot.domain.run import Run, Stage, Status
from bot.self_improvement._elsewhere import UNHEARD
from bot.self_improvement._learning import Learning
from bot.self_improvement._parts import Doors
from bot.self_improvement._pauses import soon
from bot.self_improvement._purse import Purse
from bot.self_improvement._voice import Voice
from bot.self_improvement._words import against_merge, not_its_fault
from bot.telemetry import redact

_MAY_BE_PROPOSED = (Stage.PROPOSE, Stage.SHIP)
_UNSHIPPED = "Not shipped:"
_HELD_FOR = timedelta(days=3_650)  # the sweep looks at what holds it, not at the clock
# Others pass, or say nothing of the fault: no money, no provider, a mistake of ours.
_TEACHING = (AgentOutputInvalid, AgentRefused, AgentStuck, AgentTimeout, OutOfBounds)


class Keeper:
    """Saves runs and says what became of them. Raises `StoreConflict` where others were first."""

    def __init__(self, doors: Doors, voice: Voice, purse: Purse) -> None:
        self._doors = doors
        self._voice = voice
        self._purse = purse
        self._learning = Learning(doors)

    async def save(self, after: Run, *records: Record) -> Run:
        """Save the run with new records, and bring its card up to date."""
        now = self._doors.clock.now()
        paid = await self._purse.counted(after)
        saved = await self._doors.store.save(paid.but(updated_at=now), *records)
        await self._voice.refresh(saved, await self._doors.store.history(saved.id))
        return saved

    async def advance(self, run: Run, stage: Stage, *records: Record) -> Run:
        """Save the run as one that does `stage` next."""
        return await self.save(_fresh(run).but(stage=stage), *records)

    async def wait(self, run: Run, *records: Record, reason: str = "") -> Run:
        """Save the run as one that waits for a person's word; `reason` says what went wrong."""
        waiting = _unleased(_fresh(run)).but(stage=Stage.SHIP, status=Status.WAITING, reason=reason)
        return await self.save(waiting, *records)

    async def park(self, run: Run, until: datetime, reason: str, *records: Record) -> Run:
        """Save the run as one that goes on at its stage by itself, at `until` at the latest."""
        parked = _unleased(run).but(
            status=Status.WAITING,
            parked_until=until,
            parks=run.parks + 1,
            interruptions=0,
            reason=reason,
        )
        return await self.save(parked, *records)

    async def ask(self, run: Run, question: Question) -> Run:
        """Park the run with a question to people, and ask it in the thread."""
        parked = await self.park(run, question.until, "Waiting for an answer.", question)
        await self._voice.ask(parked, question)
        return parked

    async def pause(self, run: Run, until: datetime, why: str) -> Run:
        """Park the run until a usage limit has ended, and say so in the thread."""
        reason = f"⏸️ {redact(why)} I go on by myself {soon(until)}."
        parked = await self.park(run.but(activity="going on after a pause"), until, reason)
        await self.say_parked(parked, History())
        return parked

    async def hold(self, run: Run, pause: Pause) -> Run:
        """Park a run that nobody asked for while its kind of work is paused, and say so."""
        until = pause.until or self._doors.clock.now() + _HELD_FOR
        held = _unleased(run).but(
            status=Status.WAITING,
            parked_until=until,
            interruptions=0,
            reason=f"{HELD} {pause.told()}",
        )
        saved = await self.save(held)
        await self.say_parked(saved, History())
        return saved

    async def queue(self, run: Run, until: datetime, reason: str) -> Run:
        """Park a run until it is its turn, and say so; waiting in line is no trouble of its own."""
        waiting = _unleased(run).but(
            status=Status.WAITING, parked_until=until, interruptions=0, reason=reason
        )
        saved = await self.save(waiting)
        await self.say_parked(saved, History())
        return saved

    async def left(self, run: Run, why: str) -> Run:
        """Save the run as one nobody works on, for whoever decides about it."""
        return await self.save(_unleased(run).but(status=Status.WAITING, reason=why))

    async def say_parked(self, run: Run, history: History) -> None:
        """Say what a parked run waits for; again is harmless."""
        question = open_question(run, history)
        if question is not None:
            await self._voice.ask(run, question)
        elif run.stage is not Stage.SHIP:
            await self._voice.say(run, run.reason, key=f"paused:{run.version}")

    async def end(
        self, run: Run, status: Status, reason: str, *records: Record, teaches: bool = True
    ) -> Run:
        """Save the run as ended and say so in its thread; what it `teaches` is remembered first."""
        ended = _unleased(run).but(status=status, reason=reason, parked_until=None, activity="")
        if teaches:
            history = (await self._doors.store.history(run.id)).plus(*records)
            await self._learning.ended(ended, history)
        saved = await self.save(ended, *records)
        history = await self._doors.store.history(run.id)
        await self._voice.last_word(saved, history)
        return saved

    async def fail(self, run_id: str, stage: Stage, error: Exception, record_id: str) -> Run:
        """End the run whose `stage` raised; a shipment that failed waits for another word."""
        run = await self._doors.store.get(run_id)
        if run.ended:
            return run
        run = self._purse.settle(run)
        history = await self._doors.store.history(run.id)
        what = _explained(error, record_id)
        if stage is Stage.SHIP and history.proposal is not None:
            return await self.unshipped(run, what)
        if isinstance(error, ChatRejected) and run.thread_id is not None:
            return await self.unheard(run, what)
        if history.revising is not None:
            return await self.stand(run, history, what)
        reason = f"Stopped while {doing(stage)}: {what}"
        if isinstance(error, TheseusError) and error.retryable:
            reason += f" `/runs retry {run.id}` tries again."
        reason += await self.withdraw_quietly(run, history, reason)
        return await self.end(run, Status.FAILED, reason, teaches=isinstance(error, _TEACHING))

    async def unheard(self, run: Run, why: str) -> Run:
        """Wait with what its thread did not take until people say where to go on."""
        waiting = await self.left(run, UNHEARD)
        text = f"{why} {UNHEARD} “Open a new thread” goes on with it, “Cancel” ends it."
        await self._voice.say_elsewhere(waiting, text, key="unheard")
        return waiting

    async def stand(
        self, run: Run, history: History, why: str, change: ChangeSet | None = None
    ) -> Run:
        """Give a revision up, and go back to what stood before it, which can still be shipped.

        `change` is what the revision had come to; what was asked of it is not tried again.
        """
        revising = history.revising
        if revising is None:
            raise AssertionError("there is no revision to give up")
        heard = max(revising.heard, change.heard if change else 0)
        before, verdict = revising.change_set.but(heard=heard), revising.verdict
        records = (before, verdict, revising.but(over=True))
        known = history.proposal is not None and history.proposal.head == before.head
        what = f"The revision came to nothing: {why}"
        if verdict.green and not known:
            text = f"⚠️ {what} `{before.head[:7]}` holds without it; I propose that."
            await self._voice.say(run, text, key=f"stands:{run.attempt}:{run.round}")
            return await self.advance(run, Stage.PROPOSE, *records)
        ending = (
            f"`{before.head[:7]}` stands as proposed: say “ship it”, what else to change, or "
            "“reject”."
            if verdict.green
            else f"The branch stands at `{before.head[:7]}`, which does not pass the checks."
        )
        waiting = await self.wait(run, *records, reason=f"{what} {ending}")
        await self.say_unshipped(waiting)
        return waiting

    async def unshipped(self, run: Run, what: str, *records: Record) -> Run:
        """Wait for another "ship it", and say why the last one did not work."""
        waiting = await self.wait(run, *records, reason=f"{_UNSHIPPED} {what}")
        await self.say_unshipped(waiting)
        return waiting

    async def unproven(self, run: Run, tier: FullTier) -> Run:
        """Wait for another "ship it" where the merge does not hold, with the checks' output."""
        failed = ", ".join(f"{check.name} {check.status}" for check in tier.checks if not check.ok)
        what = f"full checks fail ({failed}).{not_its_fault(tier)}"
        if tier.findings:
            what = against_merge(tier)
        reason = f"{_UNSHIPPED} {what}"
        waiting = await self.wait(run, tier, reason=reason)
        await self.say_unshipped(waiting, outputs(tier.checks))
        return waiting

    async def say_unshipped(self, run: Run, attachments: tuple[Attachment, ...] = ()) -> None:
        """Say why a waiting run was not shipped, or not revised; again is harmless."""
        text = f"⚠️ {run.reason}"
        if run.reason.startswith(_UNSHIPPED):
            text += "\nOnce that is mended, say “ship it” again, or “reject”."
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


def open_question(run: Run, history: History) -> Question | None:
    """Return the question the run waits with, if it does."""
    asked = history.open_question if run.parked else None
    here = asked is not None and (asked.attempt, asked.round) == (run.attempt, run.round)
    return asked if here else None


def _fresh(run: Run) -> Run:
    """Return the run as it enters a stage."""
    return run.but(interruptions=0, parks=0, parked_until=None, activity="")


def _unleased(run: Run) -> Run:
    return run.but(lease_owner=None, lease_until=None)


def about(opened: ForgeProposal | None) -> str:
    """Return what to add about a proposal that was withdrawn; nothing if it is closed now."""
    if opened is None or opened.state == "closed":
        return ""
    if opened.state == "merged":
        return f" {linked(f'#{opened.number}', opened.url)} is merged already, though."
    return f" {linked(f'#{opened.number}', opened.url)} is still open at the forge."


def _explained(error: Exception, record_id: str) -> str:
    if isinstance(error, TheseusError):
        told = redact(str(error)).rstrip()
        return told if told.endswith((".", "!", "?", "”", "`")) else f"{told}."
    return (
        "an error inside Theseus itself, not of the change. It is in my journal as "
        f"`{short_id(record_id)}`."
    )
