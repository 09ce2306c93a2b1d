"""What a shipped change owes beside itself: a line for the people who will notice it."""

import re

from bot.domain.brief import Brief
from bot.domain.change import ChangeSet, Finding
from bot.domain.cogs import get_cog_name
from bot.ports.workspace import Workspace

CHANGELOG = "CHANGELOG.md"

_NOTICED = frozenset({"behaviour", "measured"})
"""Proofs of what people notice; tidier code and more tests are nothing to them."""

_UNRELEASED = re.compile(r"^##\s+\[?unreleased\b.*?(?=^##\s|\Z)", re.I | re.M | re.S)


async def find_missing_entry(
    brief: Brief, change: ChangeSet, workspace: Workspace
) -> tuple[Finding, ...]:
    """Return what a change of commands has not brought with it; people judge of that.

    A repository without a changelog is owed none. Raises `WorkspaceError`.
    """
    noticed = brief.acceptances or _NOTICED & set(brief.proofs)
    if not noticed or not any(get_cog_name(file.path) for file in change.files):
        return ()
    before = await workspace.read_base(CHANGELOG)
    after = await workspace.read_at(change.head, CHANGELOG)
    if before is None or (after is not None and _has_new_line(before, after)):
        return ()
    message = f"Owed and missing: a line in `{CHANGELOG}`"
    if _UNRELEASED.search(before):
        message += " under Unreleased"
    return (Finding(rule="owed", path=CHANGELOG, message=f"{message}.", blocking=False),)


def _has_new_line(before: str, after: str) -> bool:
    """Whether there is a line more among what was not released, or anywhere where that has none."""
    known = {*_list_lines(before)}
    return any(line not in known for line in _list_lines(after))


def _list_lines(text: str) -> list[str]:
    found = _UNRELEASED.search(text)
    part = found[0] if found else text
    return [line.strip() for line in part.splitlines() if line.strip()]
