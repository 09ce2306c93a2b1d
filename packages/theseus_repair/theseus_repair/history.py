"""Learns edit templates from a repository's history: what its small commits replaced."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

from theseus_repair.model import EditTemplate, SuspectHunk
from theseus_repair.reverts import parse_diff
from theseus_repair.suspects import read_git
from theseus_repair.templates import learn_templates

COMMITS = 500
CHANGED_AT_MOST = 100  # lines of one commit, including tests; larger commits are rarely fixes
LINES_AT_MOST = 500  # of the function or class around a change
_SHAPE = ("--no-color", "--no-ext-diff", "--no-textconv", "--relative", "-U0", "--function-context")


async def load_templates(repo: Path, revision: str = "HEAD") -> tuple[EditTemplate, ...]:
    """Return templates of the newest commits up to one; none if `repo` is not under git."""
    which = ["--no-merges", "--diff-filter=M", f"-n{COMMITS}", "--format=commit %H", "-p"]
    log = await read_git(repo, "log", *which, *_SHAPE, revision, "--", "*.py")
    return await asyncio.to_thread(lambda: learn_templates(_parse_hunks(log)))


def _parse_hunks(log: str) -> Iterator[SuspectHunk]:
    for part in f"\n{log}".split("\ncommit ")[1:]:
        commit, _, diff = part.partition("\n")
        if _count_changed(diff) <= CHANGED_AT_MOST:
            hunks = parse_diff(diff, commit.strip())
            yield from (hunk for hunk in hunks if len(hunk.lines) <= LINES_AT_MOST)


def _count_changed(diff: str) -> int:
    """Return roughly how many lines a diff changes, including tests."""
    return diff.count("\n+") + diff.count("\n-")
