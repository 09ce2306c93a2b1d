"""From a request to a plan: the rules first, then a planner where there is one."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.cards import plain
from bot.domain.errors import AgentError, BudgetSpent, OutOfBounds, TheseusError, WorkspaceError
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.history import History
from bot.domain.plan import Plan
from bot.domain.run import Run, Stage, Status
from bot.domain.spent import Spent
from bot.ports.planner import Case
from bot.ports.workspace import Workspace
from bot.self_improvement._allowance import may_ask
from bot.self_improvement._kit import Kit, need
from bot.self_improvement._learning import Learning
from bot.self_improvement._named import named_files
from bot.self_improvement._pauses import pause_until
from bot.stages.plan import Thought
from bot.telemetry import redact

_HOW_TO_INSIST = " If you see that otherwise, `/runs retry {}` goes on all the same."


@dataclass(frozen=True)
class _Pause:
    """The planner's provider wants us to wait."""

    error: TheseusError
    until: datetime


class Seeing:
    """Observe, diagnose, plan."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._stages = kit.stages
        self._learning = Learning(kit.doors)

    async def observe(self, run: Run, history: History) -> Run:
        """Gather the evidence."""
        evidence = await self._stages.observe(run.trigger)
        return await self._kit.keeper.advance(run, Stage.DIAGNOSE, evidence)

    async def diagnose(self, run: Run, history: History) -> Run:
        """Say what the evidence shows; an investigation ends with it."""
        keeper, evidence = self._kit.keeper, need(history.evidence)
        diagnosis = self._stages.diagnose.read(evidence)
        await self._learning.diagnosed(run, history, diagnosis)
        if diagnosis.instead == "fixed":
            return await keeper.end(run, Status.DONE, diagnosis.told, diagnosis)
        if run.goal == "investigate":
            if diagnosis.found and self._stages.diagnose.planned_by:
                diagnosis = await self._explained(run, history, evidence, diagnosis)
                run = self._kit.purse.settle(run)
            return await keeper.end(run, Status.DONE, diagnosis.headline, diagnosis)
        if diagnosis.seen_before:
            text = f"🧠 Seen before: {plain(diagnosis.seen_before, 400)}."
            await self._kit.voice.say(run, text, key=f"seen-before:{run.attempt}")
        if diagnosis.found and not diagnosis.triage.ours and not _insisted(history):
            reason = f"{diagnosis.headline}. {diagnosis.triage.told}{_HOW_TO_INSIST.format(run.id)}"
            return await keeper.end(run, Status.FAILED, reason, diagnosis)
        if not diagnosis.found or not diagnosis.file:
            return await keeper.end(run, Status.FAILED, diagnosis.told, diagnosis)
        return await keeper.advance(run, Stage.PLAN, diagnosis)

    async def plan(self, run: Run, history: History) -> Run:
        """Say what is to be done and how it is proved; no reproduction, no fix."""
        kit, keeper = self._kit, self._kit.keeper
        evidence, diagnosis = need(history.evidence), need(history.diagnosis)
        async with kit.lend(run, evidence) as workspace:
            plan, _ = await self._stages.plan(evidence, diagnosis, workspace)
            thought = await self._thought(run, history, plan, workspace)
        run = kit.purse.settle(run)
        if isinstance(thought, _Pause):
            return await keeper.pause(run, thought.until, str(thought.error))
        if thought.plan.reproduction is None:
            reason = (
                f"I see the failure ({thought.diagnosis.headline}) but could not reproduce it from "
                "what was recorded, so I cannot prove a fix and propose none."
            )
            return await keeper.end(run, Status.FAILED, reason, thought.diagnosis, thought.plan)
        try:
            plan = self._stages.verify.within_bounds(thought.plan, named_files(run, history))
        except OutOfBounds as bounds:
            return await keeper.end(
                run, Status.FAILED, str(bounds), thought.diagnosis, thought.plan
            )
        return await keeper.advance(run, Stage.EXECUTE, thought.diagnosis, plan)

    async def _explained(
        self, run: Run, history: History, evidence: Evidence, diagnosis: Diagnosis
    ) -> Diagnosis:
        """Return the diagnosis in the planner's words; where it fails, the rules' own."""
        kit, case = self._kit, self._case(run, history, evidence)

        async def explained(workspace: Workspace) -> Diagnosis:
            show = kit.working(run, history)
            found, spent = await self._stages.diagnose.explain(case, workspace, show)
            kit.purse.note(run.id, spent)
            return found

        try:
            await may_ask(kit.doors, run, "diagnose")
            async with kit.lend(run, evidence) as workspace:
                planner = self._stages.diagnose.planned_by or ""
                found = await kit.called(run, "diagnose", planner, explained(workspace))
            await kit.doors.workspaces.drop(run.id)  # an investigation leaves no branch
        except (AgentError, BudgetSpent, WorkspaceError) as error:
            await self._without_planner(run, error, "This is what my rules make of it.")
            return diagnosis
        return found

    async def _thought(
        self, run: Run, history: History, draft: Plan, workspace: Workspace
    ) -> Thought | _Pause:
        """Return what the planner makes of it; where it fails, what the rules made."""
        kit, diagnosis = self._kit, need(history.diagnosis)
        rules = Thought(diagnosis=diagnosis, plan=draft, spent=Spent())
        planner = self._stages.plan.planned_by
        if planner is None:
            return rules
        case = self._case(run, history, need(history.evidence))

        async def thought() -> Thought:
            show = kit.working(run, history)
            made = await self._stages.plan.think(case, draft, workspace, show)
            kit.purse.note(run.id, made.spent)
            return made

        try:
            await may_ask(kit.doors, run, "plan")
            return await kit.called(run, "plan", planner, thought())
        except (AgentError, BudgetSpent) as error:
            until = pause_until(error, run, kit.doors.clock.now())
            if until is not None:
                return _Pause(error, until)
            await self._without_planner(run, error, "The plan is my rules' own.")
            return rules

    def _case(self, run: Run, history: History, evidence: Evidence) -> Case:
        return Case(
            run_id=run.id,
            person_id=run.trigger.person.id,
            attempt=run.attempt,
            words=run.trigger.text,
            evidence=evidence,
            diagnosis=self._stages.diagnose.read(evidence),
            named=named_files(run, history),
        )

    async def _without_planner(self, run: Run, error: TheseusError, instead: str) -> None:
        self._kit.record(run, error)
        key = f"planner:{run.attempt}:{run.goal}"
        await self._kit.voice.say(run, f"⚠️ {redact(str(error))} {instead}", key=key)


def _insisted(history: History) -> bool:
    """Whether a person has read that it is not ours, and asked for it all the same."""
    read = history.diagnosis
    return read is not None and read.found and not read.triage.ours
