"""The agent as the rest of the program sees it: what people can ask of it."""

import asyncio
from typing import assert_never

from bot.domain.audit import AuditEntry
from bot.domain.errors import ForgeError, NotAuthorized, StoreConflict, WrongStage
from bot.domain.history import History
from bot.domain.ids import run_id as new_run_id
from bot.domain.journal import Action
from bot.domain.people import Person
from bot.domain.policy import Act, authorize
from bot.domain.proposal import Approval
from bot.domain.run import ENDED, Recovery, Run, Stage, Status, Trigger, recovery
from bot.self_improvement._approval import ApprovalRequest, Approvals
from bot.self_improvement._flow import Flow
from bot.self_improvement._parts import Doors, Limits, Stages
from bot.self_improvement._voice import Voice
from bot.self_improvement._workers import Workers

_EXPLAINED_AGAIN = 20


class SelfImprovementAgent:
    """Runs the stages. Everything a person asks is authorised and audited here."""

    def __init__(self, doors: Doors, stages: Stages, limits: Limits, *, owner: str) -> None:
        self._doors = doors
        self._limits = limits
        self._voice = Voice(doors.chat, doors.clock, dev_channel_id=limits.dev_channel_id)
        self._flow = Flow(doors, stages, limits, self._voice)
        self._approvals = Approvals(doors, limits)
        self._workers = Workers(doors, limits, self._flow, self._voice, owner)

    async def run_forever(self) -> None:
        """Pick up what an earlier process left, then work until cancelled."""
        await self.recover()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._workers.run_forever(), name="workers")
            group.create_task(self._sweep_forever(), name="sweep")

    # What people ask

    async def request(self, trigger: Trigger) -> Run:
        """Start a run, or return the one this very trigger started. Its thread and card are there.

        Raises `NotAuthorized`.
        """
        await self.permit(trigger.person, Act.ASK, note=f"{trigger.goal}: {trigger.subject}")
        now = self._doors.clock.now()
        run = await self._doors.store.create(
            Run(
                id=new_run_id(),
                goal=trigger.goal,
                status=Status.WAITING,  # not queued before it has a thread to speak in
                trigger=trigger,
                created_at=now,
                updated_at=now,
            )
        )
        if run.status is Status.WAITING and run.thread_id is None:
            run = await self._announced(run)
        self._workers.wake()
        return run

    async def _announced(self, run: Run) -> Run:
        """Give a new run its thread and card, then queue it."""
        announced = await self._voice.announce(run)
        try:
            return await self._doors.store.save(announced.but(status=Status.QUEUED))
        except StoreConflict:
            return await self._doors.store.get(run.id)  # the same trigger, delivered twice

    async def promote(self, run_id: str, person: Person) -> Run:
        """Go on from an investigation to a fix ("Fix it"). Raises `WrongStage`."""
        await self.permit(person, Act.ASK, run_id=run_id, note="fix it")
        run = await self._doors.store.get(run_id)
        if run.goal == "fix":
            raise WrongStage(f"Run `{run.id}` is a fix already ({run.status}).")
        if run.status is not Status.DONE:
            raise WrongStage(f"Run `{run.id}` is not there yet ({run.status} at {run.stage}).")
        fix = run.but(goal="fix", stage=Stage.PLAN, status=Status.QUEUED, reason="")
        return await self._queued(fix)

    async def retry(self, run_id: str, person: Person) -> Run:
        """Start an ended run again from the beginning. Raises `WrongStage`."""
        await self.permit(person, Act.ASK, run_id=run_id, note="retry")
        run = await self._doors.store.get(run_id)
        if run.status not in ENDED - {Status.DONE}:
            raise WrongStage(
                f"Run `{run.id}` is {run.status}; only one that failed can be retried."
            )
        await self._doors.workspaces.drop(run.id)
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
        run = await self._doors.store.get(run_id)
        if run.stage is not Stage.SHIP or run.status is not Status.WAITING:
            raise WrongStage(f"Run `{run.id}` has no open proposal ({run.status} at {run.stage}).")
        history = await self._doors.store.history(run.id)
        reason = f"Rejected by {person.name}{f': {why}' if why else ''}."
        if history.proposal:
            await self._doors.forge.close(history.proposal.number, reason)
        ended = await self._flow.end(run, Status.REJECTED, reason)
        await self._doors.workspaces.drop(run.id)
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
        """End a run and everything it started. Raises `WrongStage` if it has ended."""
        await self.permit(person, Act.CANCEL, run_id=run_id)
        run = await self._doors.store.get(run_id)
        if run.ended:
            raise WrongStage(f"Run `{run.id}` has ended already: {run.reason or run.status}")
        reason = f"Cancelled by {person.name}."
        if not await self._workers.cancel(run_id, reason):
            history = await self._doors.store.history(run.id)
            if history.proposal:
                await self._doors.forge.close(history.proposal.number, reason)
            await self._flow.end(run, Status.CANCELLED, reason)
        await self._doors.workspaces.drop(run.id)
        return await self._doors.store.get(run.id)

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

    # What it does by itself

    async def recover(self) -> None:
        """Continue, queue or end every run an earlier process left, each with a word about it."""
        live = frozenset(Status) - ENDED
        for run in await self._doors.store.find(status=live, limit=1000):
            await self._recover(run)
        for run in await self._doors.store.find(status=ENDED, limit=_EXPLAINED_AGAIN):
            await self._voice.last_word(run, await self._doors.store.history(run.id))
        keep = await self._doors.store.find(status=live, limit=1000)
        await self._doors.workspaces.reap(frozenset(run.id for run in keep))
        self._workers.wake()

    async def _recover(self, run: Run) -> None:
        decision = recovery(run, alive=frozenset())
        if decision is Recovery.QUARANTINE:
            reason = f"Interrupted twice while at {run.stage}; `/runs retry` tries it again."
            await self._flow.end(run, Status.QUARANTINED, reason)
        elif decision is Recovery.CONTINUE:
            queued = run.but(
                status=Status.QUEUED, lease_owner=None, interruptions=run.interruptions + 1
            )
            saved = await self._doors.store.save(queued)
            text = f"I was restarted while at {run.stage}; going on from there."
            await self._voice.say(saved, text, key=f"resumed:{saved.version}")
        elif decision is Recovery.LEAVE:
            await self._left_waiting(run)
        else:
            assert_never(decision)

    async def _left_waiting(self, run: Run) -> None:
        """Queue a waiting run whose reason to wait is gone: announced by half, or approved."""
        if run.status is not Status.WAITING:
            return
        if run.stage is not Stage.SHIP:
            await self._announced(run)
            return
        history = await self._doors.store.history(run.id)
        if history.proposal and await self._doors.store.approval(run.id, history.proposal.head):
            await self._approvals.queue(run)

    async def _sweep_forever(self) -> None:
        while True:
            await self._doors.clock.sleep(self._limits.sweep.total_seconds())
            for run in await self._doors.store.find(status={Status.WAITING}, limit=1000):
                await self._look_at_forge(run)

    async def _look_at_forge(self, run: Run) -> None:
        """Notice what happened to a waiting proposal at the forge itself."""
        history = await self._doors.store.history(run.id)
        proposal, verdict = history.proposal, history.verdict
        if run.stage is not Stage.SHIP or proposal is None:
            return
        try:
            opened = await self._doors.forge.proposal(proposal.number)
        except ForgeError:
            return  # the next sweep looks again; an approval would say what is wrong
        if opened.state == "closed":
            reason = f"#{proposal.number} was closed at the forge by hand."
            await self._flow.end(run, Status.REJECTED, reason)
        elif opened.state == "merged" and not await self._approved(run, proposal.head):
            reason = f"#{proposal.number} was merged at the forge by hand; pull and restart me."
            await self._flow.end(run, Status.REJECTED, reason)
        elif opened.state == "open" and opened.head not in (
            proposal.head,
            verdict.head if verdict else None,
        ):
            moved = run.but(stage=Stage.VERIFY, status=Status.QUEUED, round=run.round + 1)
            await self._queued(moved)

    async def _approved(self, run: Run, head: str) -> bool:
        return await self._doors.store.approval(run.id, head) is not None

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
                note=note,
            )
        )
