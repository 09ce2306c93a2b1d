"""Checks that new tests cover untested code: they have to kill mutants that base's tests miss."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from theseus_guard import is_test_file
from theseus_repair.mutants import Mutant, generate_mutants

from bot.domain.brief import Brief
from bot.domain.change import ChangeSet, CheckResult
from bot.domain.proof import Proof
from bot.ports.verifier import Verifier
from bot.ports.workspace import Workspace
from bot.proof.mutation import build_covering_proof, find_covered_module

PATIENCE = 600.0
"""Seconds that all mutants of one change may take; those not tried by then are left out."""


class _Tried(NamedTuple):
    """Mutants that survive base's tests: killed by the new tests, or surviving them too."""

    killed: list[Mutant]
    left: list[Mutant]


@dataclass(frozen=True, eq=False)
class MutationCheck:
    """Runs base's tests for a module against its mutants, then the new tests on the survivors."""

    verifier: Verifier

    async def __call__(self, brief: Brief, change: ChangeSet, workspace: Workspace) -> Proof:
        """Return what the change's tests prove; the workspace is at the change's head afterwards.

        Raises `VerifierError`, `WorkspaceError`.
        """
        programs = [each.path for each in change.files if _is_program(each.path)]
        if programs:
            return _build_failed_proof(f"tests alone may change, not `{programs[0]}`")
        tests = {
            each.path: await workspace.read_at(change.head, each.path) or ""
            for each in change.files
            if is_test_file(each.path)
        }
        request = f"{brief.request}\n{brief.understood}"
        module = find_covered_module(tests, await workspace.list_base_files(), request)
        text = await workspace.read_base(module) if module else None
        if text is None or (workspace.path / module).is_symlink():
            return _build_failed_proof("no module is named in the tests that could be looked at")
        tried = _Tried([], [])
        try:
            async with asyncio.timeout(PATIENCE):
                for mutant in generate_mutants(text):
                    await self._try(mutant, module, change, workspace, tried)
        except TimeoutError:
            pass  # the mutants tried so far decide
        finally:
            await workspace.reset(change.head)
        return build_covering_proof(module, tried.killed, tried.left)

    async def _try(
        self, mutant: Mutant, module: str, change: ChangeSet, workspace: Workspace, tried: _Tried
    ) -> None:
        """Record a mutant's result if it survives base's tests."""
        if not await self._is_surviving(mutant, module, change.base, workspace):
            return
        survives = await self._is_surviving(mutant, module, change.head, workspace)
        (tried.left if survives else tried.killed).append(mutant)

    async def _is_surviving(
        self, mutant: Mutant, module: str, commit: str, workspace: Workspace
    ) -> bool:
        await workspace.reset(commit)
        (workspace.path / module).write_text(mutant.text, "utf-8")
        results = await self.verifier.run_checks(
            "quick", workspace, [module], _ignore_result, only="tests"
        )
        return _is_unnoticed(results)


def _is_unnoticed(results: Sequence[CheckResult]) -> bool:
    """Return whether no test failed; this is also true for a module without tests."""
    return all(each.ok for each in results)


def _is_program(path: str) -> bool:
    return path.endswith(".py") and not is_test_file(path)


def _build_failed_proof(why: str) -> Proof:
    return Proof(kind="covering", holds=False, summary=why)


async def _ignore_result(_result: CheckResult) -> None:
    """Show nothing: a failing check of a mutant is no failure of the change."""
