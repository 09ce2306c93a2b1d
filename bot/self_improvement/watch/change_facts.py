"""What git says of a change in addition to its diff: what it reverts, how far it is proven."""

from pathlib import Path

from theseus_guard import is_test_file
from theseus_guard.records import Finding

from bot.domain.change import ChangeSet, Proven
from bot.domain.plan import Plan, Reproduction
from bot.ports.workspace import Workspace
from bot.proof import judge
from bot.proof.reproduction import select_existing

_GOES_ALONG = ("test_deleted", "test_weakened")
_REMOVED_WITH = "Reverted together with the code it tested:"


async def list_reverted_files(
    change: ChangeSet, workspace: Workspace, ours: frozenset[str]
) -> frozenset[str]:
    """Return the files of the commit that the change reverts; empty if it does anything else.

    The revert is repeated from base, and every file has to come out the same. Then the commit's own
    tests may be removed with the code they tested.
    """
    if not change.reverted_commit:
        return frozenset()
    await workspace.reset(workspace.base)
    reverted = await workspace.revert(change.reverted_commit, change.reverted_commit)
    expected = {file: _read_bytes(workspace.path / file) for file in reverted.files}
    await workspace.reset(change.head)
    same = all(_read_bytes(workspace.path / file) == text for file, text in expected.items())
    changed = {file.path for file in change.files} - ours
    return frozenset(expected) if same and expected.keys() == changed else frozenset()


def excuse_reverted_tests(
    findings: tuple[Finding, ...], reverted: frozenset[str]
) -> tuple[Finding, ...]:
    """Return the findings; tests removed with the code they tested are noted and do not block.

    Findings on file ownership are dropped, because the plan of a fix cannot know the files of a
    commit it reverts.
    """
    return tuple(
        each.replace(blocking=False, message=f"{_REMOVED_WITH} {each.message}")
        if each.rule in _GOES_ALONG and each.path in reverted
        else each
        for each in findings
        if each.rule != "ownership" or each.path not in reverted
    )


async def assess_proof(
    change: ChangeSet, workspace: Workspace, ours: frozenset[str]
) -> tuple[Proven, tuple[Finding, ...]]:
    """Return how far the change is proven. Code that runs only in tests does not matter here."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for file in change.files:
        path = file.path
        if path.endswith(".py") and path not in ours and not is_test_file(path):
            old = await workspace.read_at(workspace.base, path)
            new = await workspace.read_at(change.head, path)
            if old is not None and new is not None:
                before[path], after[path] = old, new
    return judge(change, before, after)


async def list_remaining_tests(
    plan: Plan, change: ChangeSet, workspace: Workspace
) -> tuple[Reproduction, ...]:
    """Return the reproductions whose tested function still exists on head."""
    files = {test.target.partition("::")[0] for test in plan.reproductions if test.target}
    texts = {file: await workspace.read_at(change.head, file) for file in files}
    return select_existing(plan.reproductions, read=texts.get)


def _read_bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None
