"""The agent as the rest of the program sees it: what people can ask of it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal

from bot.domain.cards import standing
from bot.domain.dialogue import Instruction, Question
from bot.domain.errors import ForgeError, StoreConflict, WrongStage
from bot.domain.history import History
from bot.domain.journal import Action
from bot.domain.people import Person
from bot.domain.policy import Act, bind
from bot.domain.proposal import Approval
from bot.domain.record import Record
from bot.domain.run import ENDED, Run, Stage, Status, Trigger
from bot.self_improvement._approval import ApprovalRequest, Approvals
from bot.self_improvement._audit_watch import AuditWatch
from bot.self_improvement._autonomy import AutonomyGate
from bot.self_improvement._cancelling import Cancelling
from bot.self_improvement._catching_up import CatchingUp
from bot.self_improvement._choosing import Choosing
from bot.self_improvement._clerk import Clerk
from bot.self_improvement._dialogue import Dialogue
from bot.self_improvement._emergency import Emergency
from bot.self_improvement._flow import Flow
from bot.self_improvement._hearing import Hearing
from bot.self_improvement._keeper import Keeper, about, open_question
from bot.self_improvement._kit import Kit
from bot.self_improvement._parts import Doors, Limits, Stages
from bot.self_improvement._permits import Permits
from bot.self_improvement._purse import Purse
from bot.self_improvement._quorum import Quorum
from bot.self_improvement._recollection import Recollection
from bot.self_improvement._reopening import Reopening
from bot.self_improvement._reverting import Reverting
from bot.self_improvement._shipped_fixes import ShippedFixes
from bot.self_improvement._spending import Spending
from bot.self_improvement._starting import Starting, again, begun_anew, taken_over
from bot.self_improvement._startup import Startup
from bot.self_improvement._stop_sign import StopSign
from bot.self_improvement._sweep import Sweep
from bot.self_improvement._turns import Turns
from bot.self_improvement._voice import Voice
from bot.self_improvement._watching import Watching
from bot.self_improvement._workers import Workers
from bot.telemetry import redact

_TRIES = 10


class SelfImprovementAgent:
    """Runs the stages. Everything a person asks is authorised and audited here."""

    def __init__(self, doors: Doors, stages: Stages, limits: Limits, *, owner: str) -> None:
        self._doors = doors
        self._limits = limits
        self._turns = Turns()
        self.commands, self.fixes = stages.observe.commands, ShippedFixes(doors.store)
        self._voice = Voice(doors, limits.dev_channel_id)
        purse, hearing = Purse(doors.budget), Hearing()
        self._keeper = Keeper(doors, self._voice, purse)
        quorum, sign = Quorum(doors, limits), StopSign(doors.brake)
        self.clerk = Clerk(doors.store, doors.clock)
        self._permits = Permits(quorum, self.clerk, doors.clock)
        self.recollection = Recollection(doors, self._permits)
        self.budget = Spending(doors, self._permits, sign)
        self.autonomy = AutonomyGate(doors, limits, self._permits, self._start, sign)
        kit = Kit(doors, stages, limits, self._voice, self._keeper, purse, hearing, sign)
        flow = Flow(kit, self.autonomy.standing)
        self.approvals = Approvals(doors, quorum, self.clerk, self._voice, self._turns, sign)
        self._workers = Workers(doors, limits, flow, purse, owner)
        self._dialogue = Dialogue(
            doors, self._voice, self._keeper, self._workers.wake, stages.execute, hearing
        )
        self._cancelling = Cancelling(doors, self._workers, self._keeper, self._voice, purse)
        self.emergency = Emergency(
            doors, limits, sign, self._permits, self._workers, self._cancelling, self._voice,
            self._turns,
        )  # fmt: skip
        self.audit = AuditWatch(doors, limits, sign)
        self._startup = Startup(doors, self._voice, self._keeper, self.approvals, self._turns)
        self._starting = Starting(doors, self._startup, limits.per_person)
        self.watching = Watching(doors, stages, limits, self._voice)
        self.catching_up = CatchingUp(
            doors, stages.ship, dev_channel_id=limits.dev_channel_id, standing=sign.now
        )
        self.choosing = Choosing(doors, self._permits, self._turns, self._queued)
        self.reverting = Reverting(doors, self._permits, self._start)
        self.reopening = Reopening(kit, self._permits, self._turns, self._workers.wake)
        self._sweep = Sweep(
            doors, limits, self._keeper, self._voice, self._dialogue, self._workers, self._turns,
            self.autonomy, sign,
        )  # fmt: skip

    async def run_forever(self) -> None:
        """Pick up what an earlier process left, then work until cancelled."""
        await self.recover()
        async with asyncio.TaskGroup() as group:
            for part in (self.emergency, self._workers, self._sweep, self.watching, self.clerk,
                         self.catching_up, self.budget, self.audit):  # fmt: skip
                group.create_task(part.run_forever(), name=type(part).__name__)

    async def recover(self) -> None:
        """Continue, queue or end every run that was left, saying so; under a stop, end them all."""
        stop = await self.emergency.at_start()
        await self.audit.at_start()
        await self._startup.recover(stopped=stop is not None)
        self._workers.wake()

    # What people ask

    async def request(self, trigger: Trigger) -> Run:
        """Start a run, or return the one this very trigger started. Its thread and card are there.

        Raises `NotAuthorized`, `Stopped`, `TooMany`, `ChatRejected` where no thread can be opened.
        """
        trigger = trigger.but(text=redact(trigger.text), subject=redact(trigger.subject))
        await self.permit(trigger.person, Act.ASK, note=f"{trigger.goal}: {trigger.subject}")
        return await self._start(trigger)

    async def start_itself(self, trigger: Trigger) -> Run:
        """Start a run nobody asked for. Raises `Paused`, `ChatRejected`; see `AutonomyGate`."""
        return await self.autonomy.start(trigger)

    async def promote(self, run_id: str, person: Person) -> Run:
        """Go on from an investigation to a fix ("Fix it"). Raises `WrongStage`, `TooMany`."""
        await self.permit(person, Act.ASK, run_id=run_id, note="fix it")
        async with self._turns.of(run_id):
            run = await self._doors.store.get(run_id)
            if run.goal != "investigate":
                raise WrongStage(f"Run `{run.id}` is a {run.goal} already ({standing(run)}).")
            if run.status is not Status.DONE:
                raise WrongStage(f"Run `{run.id}` is not there yet ({standing(run)}).")
            history = await self._doors.store.history(run.id)
            diagnosis = history.diagnosis
            if diagnosis is None or not diagnosis.file:
                raise WrongStage(f"Run `{run.id}` found nothing in this project's code to fix.")
            if not diagnosis.triage.ours:
                raise WrongStage(diagnosis.triage.told)
            fix = taken_over(run, person).but(goal="fix", stage=Stage.PLAN, status=Status.QUEUED)
            return await self._queued(fix.but(reason=""), history.shaped_by(person))

    async def retry(self, run_id: str, person: Person) -> Run:
        """Start an ended run again from the beginning. Raises `WrongStage`.

        A run that had a proposal keeps it as it ended: a new run is started in its place, and
        returned.
        """
        await self.permit(person, Act.ASK, run_id=run_id, note="retry")
        async with self._turns.of(run_id):
            run = await self._doors.store.get(run_id)
            if run.status not in ENDED - {Status.DONE}:
                raise WrongStage(
                    f"Run `{run.id}` has not failed ({standing(run)}); only one that has can be "
                    "retried."
                )
            history = await self._doors.store.history(run.id)
            if history.proposal is not None:
                return await self._start(again(run.trigger, person))
            await self._cancelling.drop(run.id)
            over = () if history.revising is None else (history.revising.but(over=True),)
            return await self._queued(begun_anew(run, person), history.shaped_by(person), *over)

    async def approve(self, request: ApprovalRequest) -> tuple[Run, Approval, bool]:
        """Ship, if this person may and this is the newest head. See `Approvals.give`."""
        result = await self.approvals.give(request)
        self._workers.wake()
        return result

    async def reject(
        self, run_id: str, person: Person, *, why: str = "", card_id: int | None = None
    ) -> Run:
        """End a run that waits, on that card if given. Raises `WrongStage`, `StaleApproval`."""
        await self.permit(person, Act.REJECT, run_id=run_id, note=why)
        async with self._turns.of(run_id):
            run = await self._doors.store.get(run_id)
            history = await self._doors.store.history(run.id)
            if run.stage is not Stage.SHIP or run.status is not Status.WAITING:
                stands = standing(run)
                if history.revising is not None and not run.ended:
                    stands = "it is being revised; “cancel” ends that, and closes it"
                raise WrongStage(f"Run `{run.id}` has no open proposal ({stands}).")
            if (shown := history.proposal) is not None:
                bind(shown, card_id=card_id, head=None, forge_head=None)
            reason = redact(f"Rejected by {person.name}{f': {why}' if why else ''}.")
            opened = await self._keeper.withdraw(run, history, reason)
            if why:
                await self.recollection.rejected(run, history, redact(why))
            ended = await self._keeper.end(run, Status.REJECTED, reason + about(opened))
            await self._cancelling.drop(run.id)
            return ended

    async def revise(
        self,
        run_id: str,
        person: Person,
        instruction: str,
        how: Literal["text", "modal"] = "text",
        key: str = "",
    ) -> Run:
        """Change what is proposed as a person says, or note it for the round to come.

        `key` makes hearing the same words twice harmless. Raises `WrongStage` where there is no
        change to revise, or no engine that follows words.
        """
        await self.permit(person, Act.REVISE, run_id=run_id, note=instruction)
        now = self._doors.clock.now()
        item = Instruction(
            key=key or f"{person.id}:{now.isoformat()}",
            text=redact(instruction),
            by=person.name,
            how=how,
            at=now,
        )
        await self.emergency.check()
        return await self._in_turn(run_id, lambda run: self._dialogue.tell(run, (item,), person))

    async def answer(self, run_id: str, person: Person, text: str) -> Run:
        """Answer the question a run waits with; the first answer counts. Raises `WrongStage`."""
        await self.permit(person, Act.ANSWER, run_id=run_id, note=text)
        await self.emergency.check()
        return await self._in_turn(run_id, lambda run: self._dialogue.answer(run, person, text))

    async def question(self, run: Run) -> Question | None:
        """Return the question the run waits with, if it does."""
        if not run.parked:
            return None
        return open_question(run, await self._doors.store.history(run.id))

    async def cancel(self, run_id: str, person: Person) -> Run:
        """End a run and everything it started; its proposal is closed.

        Raises `WrongStage` if it has ended, or has merged by now and is coming live.
        """
        await self.permit(person, Act.CANCEL, run_id=run_id)
        reason = f"Cancelled by {person.name}."
        return await self._in_turn(run_id, lambda run: self._cancelling.cancel(run.id, reason))

    async def permit(
        self, person: Person, act: Act, *, run_id: str | None = None, note: str = ""
    ) -> None:
        """Authorise and audit. Raises `NotAuthorized`; reading is not audited when allowed."""
        await self._permits.ask(person, act, run_id, note)

    # What people look at

    async def find(self, *, run_id: str | None = None, thread_id: int | None = None) -> Run:
        """Return a run by id or thread. Raises `UnknownRun`."""
        return await self.approvals.find(run_id, thread_id)

    async def runs(self, *, limit: int = 20) -> tuple[Run, ...]:
        """Return the newest runs, newest first."""
        return await self._doors.store.find(limit=limit)

    async def history(self, run_id: str) -> History:
        """Return what a run has recorded."""
        return await self._doors.store.history(run_id)

    async def evidence(self, run_id: str) -> tuple[Action, ...]:
        """Return the journal records that the run's diagnosis rests on, newest first."""
        diagnosis = (await self._doors.store.history(run_id)).diagnosis
        ids = diagnosis.evidence_ids if diagnosis else ()
        found = [await self._doors.journal.get(record_id) for record_id in ids]
        return tuple(filter(None, found))

    async def vital_signs(self) -> tuple[str, ...]:
        """Return a line each on forge, own work, sandbox and engine, for `/health`."""
        try:
            forge = await self._doors.forge.ready()
        except ForgeError as error:
            forge = f"⚠️ {error}"
        signs = [await each.vital_sign() for each in (self.emergency, self.audit, self.autonomy)]
        return (f"**Forge** {forge}", *signs, *self._limits.vital_signs)

    # How it is done

    async def _start(self, trigger: Trigger) -> Run:
        await self.emergency.check()
        run = await self._starting.start(trigger)
        self._workers.wake()
        return run

    async def _in_turn(self, run_id: str, act: Callable[[Run], Awaitable[Run]]) -> Run:
        """Do it while nobody else decides about the run; again if a worker came in between."""
        async with self._turns.of(run_id):
            for _ in range(_TRIES):
                try:
                    return await act(await self._doors.store.get(run_id))
                except StoreConflict:
                    continue
        raise WrongStage(f"Run `{run_id}` changes too fast; please try again.")

    async def _queued(self, run: Run, *records: Record) -> Run:
        await self.emergency.check()
        await self._starting.may_begin(run.trigger)
        saved = await self._doors.store.save(run.but(updated_at=self._doors.clock.now()), *records)
        self._workers.wake()
        return saved
