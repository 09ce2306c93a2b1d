"""Repeats an edit in the second round if only unneeded ignore comments blocked it."""

import asyncio

from theseus_repair.files import write
from theseus_repair.guidance import is_test
from theseus_repair.source_text import decode_source
from theseus_repair.tidy import format_texts
from theseus_repair.unneeded_ignores import remove_unneeded_ignores

from bot.domain.change import ChangeSet, CheckResult
from bot.domain.cost import Cost
from bot.ports.agent import Assignment, Finished
from bot.ports.workspace import Workspace


async def finish_without_ignores(assignment: Assignment, workspace: Workspace) -> Finished | None:
    """Return the last round's edit without the ignore comments that it made unneeded.

    Returns `None` if its checks reported anything else; then another edit is searched for.
    """
    previous, failed = assignment.previous, _find_only_failed_check(assignment)
    if previous is None or failed is None:
        return None
    before = await asyncio.to_thread(_read_edited, assignment, previous, workspace)
    after = remove_unneeded_ignores(failed.output, before)
    if not after:
        return None
    await asyncio.to_thread(
        write, workspace.path, await format_texts(workspace.path, before, after)
    )
    shared = Finished.model_fields.keys() & ChangeSet.model_fields.keys() - Cost.model_fields.keys()
    return Finished(changed=True, **{name: getattr(previous, name) for name in shared})


def _find_only_failed_check(assignment: Assignment) -> CheckResult | None:
    """Return the only problem of the last round if it is a failed check, else `None`."""
    verdict = assignment.feedback
    if verdict is None or any(finding.blocking for finding in verdict.findings):
        return None
    failed = [check for check in verdict.checks if not check.ok]
    return failed[0] if len(failed) == 1 else None


def _read_edited(
    assignment: Assignment, previous: ChangeSet, workspace: Workspace
) -> dict[str, str]:
    """Return the texts of the files that the last round edited."""
    return {
        change.path: decode_source((workspace.path / change.path).read_bytes())
        for change in previous.files
        if change.path in assignment.plan.owned_files
        and change.status != "deleted"
        and not is_test(change.path)
    }
