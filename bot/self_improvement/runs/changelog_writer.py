"""Adds the entry of a change to the changelog of a repository that keeps one."""

from dataclasses import dataclass
from pathlib import Path

from theseus_observe.redaction import redact

from bot.domain.change import Grant
from bot.ports.agent import Assignment
from bot.ports.workspace import Workspace
from bot.targets.changelog import (
    CHANGELOGS,
    ChangeKind,
    add_entry,
    find_fragment,
    format_entry,
)

_LONGEST = 1_000_000
_REASON = "their changelog has an entry for each change"


@dataclass(frozen=True)
class ChangelogWriter:
    """Writes one entry for each change, and nothing in a repository that keeps no changelog."""

    async def write(
        self, assignment: Assignment, workspace: Workspace, summary: str
    ) -> Grant | None:
        """Write the entry into the worktree; return the file that this takes, if any.

        A change that has an entry already gets no other one. Raises `WorkspaceError`.
        """
        entry, kind = format_entry(redact(summary)), find_kind(assignment)
        project = await workspace.read_base("pyproject.toml")
        fragment = find_fragment(project or "", assignment.run_id, kind)
        if fragment is not None:
            return _write(workspace.path, fragment, f"{entry}\n")
        for file in CHANGELOGS:
            before = await workspace.read_base(file)
            if before is None or len(before) > _LONGEST:
                continue
            if any(each.path == file for each in await workspace.list_changes()):
                return Grant(file=file, reason=_REASON)
            after = add_entry(before, entry, kind)
            return _write(workspace.path, file, after) if after is not None else None
        return None


def find_kind(assignment: Assignment) -> ChangeKind:
    """Return the kind of a change, as changelogs sort them."""
    if assignment.brief is None:
        return "fixed"
    missing = {each.missing for each in assignment.brief.acceptances}
    return "added" if missing & {"no such command", "no such option"} else "changed"


def _write(root: Path, file: str, text: str) -> Grant | None:
    """Write a file of the worktree, but nothing through a link: it may lead anywhere."""
    path = root / file
    if path.resolve() != root.resolve() / file or not path.parent.is_dir():
        return None
    path.write_bytes(text.encode())
    return Grant(file=file, reason=_REASON)
