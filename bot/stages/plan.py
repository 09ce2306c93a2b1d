"""Plan: what may change, and the reproduction that must turn from red to green."""

from collections.abc import Awaitable, Callable
from contextlib import aclosing

from bot.domain.errors import AgentOutputInvalid, WorkspaceError
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.journal import Capsule
from bot.domain.plan import Plan, Reproduction, Step, TestPlan
from bot.domain.record import Record
from bot.domain.reproduction import candidates, with_answer, with_refusals
from bot.domain.spent import Spent
from bot.ports.agent import Progress
from bot.ports.planner import Case, Planned, Planner
from bot.ports.verifier import Reproduced, Verifier
from bot.ports.workspace import Workspace

# What the engine judges every edit by; the verifier runs more of them, once.
_NEAREST_TESTS = 4
_FRAMES = 4
_BEFORE = 2  # suspect commits before which the call is made again

Read = Callable[[str], str | None]
OnProgress = Callable[[Progress], Awaitable[None]]


class Thought(Record):
    """What a planner made of a case, and what that cost."""

    diagnosis: Diagnosis
    plan: Plan
    spent: Spent


class MakePlan:
    """Writes a plan from the evidence alone; a planner, where there is one, thinks it over."""

    def __init__(self, verifier: Verifier, planner: Planner | None = None) -> None:
        self._verifier = verifier
        self._planner = planner

    @property
    def planned_by(self) -> str | None:
        """Return the planner's name, where there is one."""
        return self._planner.name if self._planner else None

    async def __call__(
        self, evidence: Evidence, diagnosis: Diagnosis, workspace: Workspace
    ) -> tuple[Plan, Reproduced | None]:
        """Return the rules' plan, and its reproduction as it failed on base if one could be made.

        `workspace` stands at base. Raises `VerifierError`.
        """
        reds: tuple[Reproduced, ...] = ()
        if evidence.capsule is not None:
            tests = await _candidates(evidence.capsule, workspace)
            reds = await self._verifier.reds(tests[:_FRAMES], workspace)
            reds = await self._answered(reds, evidence, workspace)
        first, *others = reds or (None,)
        plan = _plan(evidence, diagnosis, first.reproduction if first else None)
        owned = sorted(plan.owned_files)
        affected = await self._verifier.affected_tests(workspace, owned, limit=_NEAREST_TESTS)
        witnesses = tuple(red.reproduction for red in others if red)
        return plan.but(affected=affected, witnesses=witnesses), first

    async def _answered(
        self, reds: tuple[Reproduced, ...], evidence: Evidence, workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return the tests held to what their calls answered before a suspect commit.

        Where a call worked there and fails now, that answer is known; the first such commit counts.
        Where none is, a refusal that people are told in words is as good an answer.
        """
        for suspect in evidence.suspects[:_BEFORE] if reds else ():
            try:
                await workspace.reset(f"{suspect.commit.sha}^")
                answers = [await self._verifier.answer(red.reproduction, workspace)
                           for red in reds]  # fmt: skip
            except WorkspaceError:
                continue  # nothing is before it: the next one
            finally:
                await workspace.reset(workspace.base)
            if any(answers):
                return tuple(map(_held, reds, answers))
        return tuple(_held(red, None) for red in reds)

    async def think(
        self, case: Case, draft: Plan, workspace: Workspace, on_progress: OnProgress
    ) -> Thought:
        """Return the planner's diagnosis and plan in place of the rules'.

        A test the planner wrote counts only where the rules have none, and only if it fails on base
        as it says. Without a planner, the rules' own come back. Raises `AgentError`, `BudgetSpent`,
        `VerifierError`.
        """
        if self._planner is None:
            return Thought(diagnosis=case.diagnosis, plan=draft, spent=Spent())
        planned = None
        async with aclosing(self._planner.plan(case, draft, workspace)) as updates:
            async for update in updates:
                if isinstance(update, Progress):
                    await on_progress(update)
                else:
                    planned = update
        if planned is None:
            raise AgentOutputInvalid(f"{self._planner.name} ended without a plan.")
        plan = await self._proven(planned, draft, workspace)
        return Thought(diagnosis=planned.diagnosis, plan=plan, spent=Spent().plus(planned))

    async def _proven(self, planned: Planned, draft: Plan, workspace: Workspace) -> Plan:
        """Return the plan with what proves it: nothing there rests on the planner's word."""
        plan = planned.plan.but(reproduction=draft.reproduction, witnesses=draft.witnesses)
        if draft.reproduction is None and planned.test is not None:
            red = await self._verifier.reds([planned.test], workspace)
            plan = plan.but(reproduction=red[0].reproduction if red else None)
        owned = sorted(plan.owned_files)
        affected = await self._verifier.affected_tests(workspace, owned, limit=_NEAREST_TESTS)
        return plan.but(affected=affected)


def _held(red: Reproduced, answer: str | None) -> Reproduced:
    held = with_answer(red.reproduction, answer) if answer else None
    return red.but(reproduction=held or with_refusals(red.reproduction))


async def _candidates(capsule: Capsule, workspace: Workspace) -> tuple[Reproduction, ...]:
    files = {frame.file for frame in capsule.frames}
    texts = {file: await workspace.read_base(file) for file in files}
    return candidates(capsule, read=texts.get)


def _plan(evidence: Evidence, diagnosis: Diagnosis, reproduction: Reproduction | None) -> Plan:
    capsule = evidence.capsule
    frames = capsule.frames if capsule else ()
    files = tuple(dict.fromkeys(frame.file for frame in reversed(frames))) or (diagnosis.file,)
    exception = capsule.exception if capsule else "the failure"
    return Plan(
        problem=diagnosis.cause,
        solution=(
            f"Find the smallest edit of {_listed(files)} after which `{diagnosis.function}` no "
            f"longer raises {exception}: parts of suspect commits undone first, then single edits."
        ),
        steps=(Step(summary=f"Edit {_listed(files)}", owned_files=files),),
        impact=f"People who use {diagnosis.event.replace('command.', '/').replace('.', ' ')}.",
        tests=TestPlan(
            unit=f"A regression test that calls `{reproduction.calls}`." if reproduction else "",
            integration="The tests that reach the changed files.",
        ),
        verification=f"No more failures with fingerprint {diagnosis.fingerprint}.",
        rollback="Revert the merge commit; nothing else to undo.",
        reproduction=reproduction,
    )


def _listed(files: tuple[str, ...]) -> str:
    return ", ".join(f"`{file}`" for file in files)
