"""The agent as the rest of the program sees it: what people can ask of it."""

import asyncio
import logging

from bot.domain.audit import AuditEntry
from bot.domain.errors import ForgeError, NotAuthorized, StoreConflict, WorkspaceError, WrongStage
from bot.domain.history import History
from bot.domain.ids import run_id as new_run_id
from bot.domain.journal import Action
from bot.domain.people import Person
from bot.domain.policy import Act, authorize
from bot.domain.proposal import Approval
from bot.domain.run import ENDED, Run, Stage, Status, Trigger
from bot.self_improvement._approval import ApprovalRequest, Approvals
from bot.self_improvement._flow import Flow
from bot.self_improvement._keeper import Keeper, about
from bot.self_improvement._parts import Doors, Limits, Stages
from bot.self_improvement._startup import Startup
from bot.self_improvement._sweep import Sweep
from bot.self_improvement._turns import Turns
from bot.self_improvement._voice import Voice
from bot.self_improvement._workers import Workers
from bot.telemetry import redact

_TRIES = 10
_log = logging.getLogger(__name__)


class SelfImprovementAgent:
    """Runs the stages. Everything a person asks is authorised and audited here."""

    def __init__(self, doors: Doors, stages: Stages, limits: Limits, *, owner: str) -> None:
        self._doors = doors
        self._limits = limits
        self._turns = Turns()
        self._voice = Voice(
            doors.chat, doors.store, doors.clock, dev_channel_id=limits.dev_channel_id
        )
        self._keeper = Keeper(doors, self._voice)
        flow = Flow(doors, stages, limits, self._voice, self._keeper)
        self._approvals = Approvals(doors, limits, self._turns)
        self._workers = Workers(doors, limits, flow, owner)
        self._startup = Startup(doors, self._voice, self._keeper, self._approvals, self._turns)
        self._sweep = Sweep(doors, limits, self._keeper, self._workers, self._turns)

    async def run_forever(self) -> None:
        """Pick up what an earlier process left, then work until cancelled."""
        await self.recover()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._workers.run_forever(), name="workers")
            group.create_task(self._sweep.run_forever(), name="sweep")

    async def recover(self) -> None:
        """Continue, queue or end every run an earlier process left, each with a word about it."""
        await self._startup.recover()
        self._workers.wake()

    # What people ask

    async def request(self, trigger: Trigger) -> Run:
        """Start a run, or return the one this very trigger started. Its thread and card are there.

        Raises `NotAuthorized`, `ChatRejected` where no thread can be opened.
        """
        trigger = trigger.but(text=redact(trigger.text), subject=redact(trigger.subject))
        await self.permit(trigger.person, Act.ASK, note=f"{trigger.goal}: {trigger.subject}")
        return await self._start(trigger)

    async def promote(self, run_id: str, person: Person) -> Run:
        """Go on from an investigation to a fix ("Fix it"). Raises `WrongStage`."""
        await self.permit(person, Act.ASK, run_id=run_id, note="fix it")
        async with self._turns.of(run_id):
            run = await self._doors.store.get(run_id)
            if run.goal == "fix":
                raise WrongStage(f"Run `{run.id}` is a fix already ({run.status}).")
            if run.status is not Status.DONE:
                raise WrongStage(f"Run `{run.id}` is not there yet ({run.status} at {run.stage}).")
            diagnosis = (await self._doors.store.history(run.id)).diagnosis
            if diagnosis is None or not diagnosis.file:
                raise WrongStage(f"Run `{run.id}` found nothing in this project's code to fix.")
            fix = run.but(goal="fix", stage=Stage.PLAN, status=Status.QUEUED, reason="")
            return await self._queued(fix)

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
                    f"Run `{run.id}` is {run.status}; only one that failed can be retried."
                )
            if (await self._doors.store.history(run.id)).proposal is not None:
                return await self._start(_again(run.trigger, person))
            await self._drop(run.id)
            again = run.but(
                stage=Stage.OBSERVE,
                status=Status.QUEUED,
                attempt=run.attempt + 1,
                round=1,
                interruptions=0,
                reason="",
            )
            return await self._queued(again)

    async def approve(self, request: ApprovalRequest) -> tuple[Run, Approval, bool]:
        """Ship, if this person may and this is the newest head. See `Approvals.give`."""
        result = await self._approvals.give(request)
        self._workers.wake()
        return result

    async def reject(self, run_id: str, person: Person, *, why: str = "") -> Run:
        """End a run that waits for a word, and close its proposal. Raises `WrongStage`."""
        await self.permit(person, Act.REJECT, run_id=run_id, note=why)
        async with self._turns.of(run_id):
            run = await self._doors.store.get(run_id)
            if run.stage is not Stage.SHIP or run.status is not Status.WAITING:
                raise WrongStage(
                    f"Run `{run.id}` has no open proposal ({run.status} at {run.stage})."
                )
            reason = redact(f"Rejected by {person.name}{f': {why}' if why else ''}.")
            history = await self._doors.store.history(run.id)
            opened = await self._keeper.withdraw(run, history, reason)
            ended = await self._keeper.end(run, Status.REJECTED, reason + about(opened))
            await self._drop(run.id)
            return ended

    async def revise(self, run_id: str, person: Person, instruction: str) -> Run:
        """Go on with a proposal as a person says. Raises `WrongStage`: no engine here can yet.

        The offline engine works from tests alone; it cannot follow words, and says so.
        """
        await self.permit(person, Act.REVISE, run_id=run_id, note=instruction)
        run = await self._doors.store.get(run_id)
        history = await self._doors.store.history(run.id)
        if run.stage is not Stage.SHIP or run.ended or history.proposal is None:
            raise WrongStage(f"Run `{run.id}` has no open proposal to revise.")
        raise WrongStage(
            "The offline engine works from tests alone and cannot follow an instruction. You can "
            f"push a commit to `{history.proposal.branch}`: I check it and post a new card."
        )

    async def cancel(self, run_id: str, person: Person) -> Run:
        """End a run and everything it started; its proposal is closed.

        Raises `WrongStage` if it has ended, or has merged by now and is coming live.
        """
        await self.permit(person, Act.CANCEL, run_id=run_id)
        async with self._turns.of(run_id):
            for _ in range(_TRIES):
                try:
                    run = await self._cancelled(run_id, f"Cancelled by {person.name}.")
                except StoreConflict:
                    continue  # a worker took or saved it between our looking and our writing
                await self._drop(run.id)
                return run
        raise WrongStage(f"Run `{run_id}` changes too fast to be cancelled; please try again.")

    async def permit(
        self, person: Person, act: Act, *, run_id: str | None = None, note: str = ""
    ) -> None:
        """Authorise and audit. Raises `NotAuthorized`; reading is not audited when allowed."""
        try:
            authorize(self._limits.people, person, act)
        except NotAuthorized:
            await self._audit(person, act, run_id, allowed=False, note=note)
            raise
        if act is not Act.READ:
            await self._audit(person, act, run_id, allowed=True, note=note)

    # What people look at

    async def find(self, *, run_id: str | None = None, thread_id: int | None = None) -> Run:
        """Return a run by id or thread. Raises `UnknownRun`."""
        return await self._approvals.find(run_id, thread_id)

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
        return tuple(action for action in found if action is not None)

    async def vital_signs(self) -> tuple[str, ...]:
        """Return a line each on the forge, the sandbox and the engine, for `/health`."""
        try:
            forge = await self._doors.forge.ready()
        except ForgeError as error:
            forge = f"⚠️ {error}"
        return (f"**Forge** {forge}", *self._limits.vital_signs)

    # How it is done

    async def _start(self, trigger: Trigger) -> Run:
        run = await self._created(trigger)
        if run.status is Status.WAITING and run.thread_id is None:
            try:
                run = await self._startup.announce(run)
            except StoreConflict:  # the same trigger, delivered twice
                run = await self._doors.store.get(run.id)
        self._workers.wake()
        return run

    async def _created(self, trigger: Trigger) -> Run:
        now = self._doors.clock.now()
        new = Run(
            id=new_run_id(),
            goal=trigger.goal,
            status=Status.WAITING,  # not queued before it has a thread to speak in
            trigger=trigger,
            created_at=now,
            updated_at=now,
        )
        for _ in range(_TRIES):
            try:
                return await self._doors.store.create(new)
            except StoreConflict:
                new = new.but(id=new_run_id())  # somebody has this id already
        return await self._doors.store.create(new)

    async def _cancelled(self, run_id: str, reason: str) -> Run:
        stopped = await self._workers.stop(run_id)
        run = await self._doors.store.get(run_id)
        history = await self._doors.store.history(run.id)
        if run.ended:
            await self._voice.last_word(run, history)
            raise WrongStage(f"Run `{run.id}` has ended already: {run.reason or run.status}")
        try:
            opened = await self._keeper.withdraw(run, history, reason)
        except ForgeError as error:
            note = f" Its pull request could not be closed: {error}"
            return await self._keeper.end(run, Status.CANCELLED, reason + note)
        if stopped and opened is not None and opened.state == "merged":
            await self._queued(run.but(status=Status.QUEUED, lease_owner=None))
            raise WrongStage(f"Too late: #{opened.number} is merged already, and coming live.")
        return await self._keeper.end(run, Status.CANCELLED, reason + about(opened))

    async def _drop(self, run_id: str) -> None:
        try:
            await self._doors.workspaces.drop(run_id)
        except WorkspaceError:
            _log.exception("the branch of run %s could not be removed", run_id)

    async def _queued(self, run: Run) -> Run:
        saved = await self._doors.store.save(run.but(updated_at=self._doors.clock.now()))
        self._workers.wake()
        return saved

    async def _audit(
        self, person: Person, act: Act, run_id: str | None, *, allowed: bool, note: str
    ) -> None:
        await self._doors.store.audit(
            AuditEntry(
                at=self._doors.clock.now(),
                action=act,
                allowed=allowed,
                person=person,
                run_id=run_id,
                note=redact(note),
            )
        )


def _again(trigger: Trigger, person: Person) -> Trigger:
    """Return the trigger of a new run in place of one that had a proposal."""
    place = trigger.place.but(message_id=None, thread_id=None)
    return trigger.but(key=f"{trigger.key}:again", person=person, place=place)
