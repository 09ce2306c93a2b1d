"""Plan: what may change, and the reproduction that must turn from red to green."""

from collections.abc import Callable, Sequence

from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.journal import Capsule
from bot.domain.plan import Plan, Reproduction, Step, TestPlan
from bot.domain.reproduction import candidates
from bot.ports.verifier import Reproduced, Verifier
from bot.ports.workspace import Workspace

# What the engine judges every edit by; the verifier runs more of them, once.
_NEAREST_TESTS = 4
_FRAMES = 4

Read = Callable[[str], str | None]


class MakePlan:
    """Writes a plan from the evidence alone; no model."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    async def __call__(
        self, evidence: Evidence, diagnosis: Diagnosis, workspace: Workspace
    ) -> tuple[Plan, Reproduced | None]:
        """Return the plan and its reproduction as it failed on base, if one could be made.

        `workspace` stands at base. Raises `VerifierError`.
        """
        reds: tuple[Reproduced, ...] = ()
        if evidence.capsule is not None:
            reds = await self._red(await _candidates(evidence.capsule, workspace), workspace)
        first, *others = reds or (None,)
        plan = _plan(evidence, diagnosis, first.reproduction if first else None)
        owned = sorted(plan.owned_files)
        affected = await self._verifier.affected_tests(workspace, owned, limit=_NEAREST_TESTS)
        witnesses = tuple(red.reproduction for red in others if red)
        return plan.but(affected=affected, witnesses=witnesses), first

    async def _red(
        self, tests: Sequence[Reproduction], workspace: Workspace
    ) -> tuple[Reproduced, ...]:
        """Return the candidates that fail as they say, innermost frame first."""
        reds = []
        for test in tests[:_FRAMES]:
            red = await self._verifier.first_red([test], workspace)
            if red is not None:
                reds.append(red)
        return tuple(reds)


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
