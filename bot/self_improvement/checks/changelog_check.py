"""Checks that a change which users will notice adds a line to the changelog."""

import re

from theseus_guard.records import Finding

from bot.domain.brief import Brief
from bot.domain.change import ChangeSet
from bot.domain.cogs import get_cog_name
from bot.ports.workspace import Workspace

CHANGELOG = "CHANGELOG.md"

_NOTICED = frozenset({"behaviour", "measured"})
"""Kinds of proof for changes that users notice, unlike cleaner code or more tests."""

_UNRELEASED = re.compile(r"^##\s+\[?unreleased\b.*?(?=^##\s|\Z)", re.I | re.M | re.S)


async def find_missing_entry(
    brief: Brief, change: ChangeSet, workspace: Workspace
) -> tuple[Finding, ...]:
    """Return a finding if a change of commands lacks a changelog entry; people decide about it.

    A repository without a changelog needs none. Raises `WorkspaceError`.
    """
    is_noticeable = brief.acceptances or _NOTICED & set(brief.proofs)
    if not is_noticeable or not any(get_cog_name(file.path) for file in change.files):
        return ()
    before = await workspace.read_base(CHANGELOG)
    after = await workspace.read_at(change.head, CHANGELOG)
    if before is None or (after is not None and _has_new_line(before, after)):
        return ()
    message = f"Missing: a line in `{CHANGELOG}`"
    if _UNRELEASED.search(before):
        message += " under Unreleased"
    return (Finding(rule="owed", path=CHANGELOG, message=f"{message}.", blocking=False),)


def _has_new_line(before: str, after: str) -> bool:
    """Return whether the unreleased section, or else the whole file, has a new line."""
    known = {*_list_lines(before)}
    return any(line not in known for line in _list_lines(after))


def _list_lines(text: str) -> list[str]:
    found = _UNRELEASED.search(text)
    part = found[0] if found else text
    return [line.strip() for line in part.splitlines() if line.strip()]
