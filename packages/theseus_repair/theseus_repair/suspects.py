"""Reads suspect hunks from a git repository: uncommitted changes, then the newest commits."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from theseus_guard.errors import RepositoryError
from theseus_guard.git_reader import GitReader

from theseus_repair.model import SuspectHunk
from theseus_repair.reverts import parse_diff

COMMITS = 12
SECONDS = 15.0
CHARACTERS = 20_000_000
HUNKS_AT_MOST = 150
SUBJECT_AT_MOST = 120  # characters


async def load_suspect_hunks(
    repo: Path, commits: int = COMMITS, revision: str = ""
) -> list[SuspectHunk]:
    """Return hunks of Python files, newest first; empty if `repo` is not under git.

    With a `revision`, these are its own and those before it, without uncommitted changes.
    """
    shape = ["--no-color", "--no-ext-diff", "--no-textconv", "--relative", "-U3"]
    files = ["--", "*.py"]
    found: list[SuspectHunk] = []
    pending = "" if revision else await read_git(repo, "diff", "HEAD", *shape, *files)
    found += parse_diff(pending, "", 0)
    # No merges, and not the first commit, which has no state before it.
    one = ["--min-parents=1", "--max-parents=1", f"-n{commits}", "--format=commit %H"]
    log = await read_git(repo, "log", "-p", *one, *shape, revision or "HEAD", *files)
    # Uncommitted changes are the newest, so with them every commit is one older.
    for age, part in enumerate(f"\n{log}".split("\ncommit ")[1:]):
        commit, _, diff = part.partition("\n")
        found += parse_diff(diff, commit.strip(), age + bool(pending.strip()))
    return found[:HUNKS_AT_MOST]


async def load_subject(repo: Path, commit: str, redact: Callable[[str], str]) -> str:
    """Return a commit's subject as one redacted line that may be shown; empty if none."""
    if not commit:
        return ""
    subject = " ".join(redact(await read_git(repo, "show", "-s", "--format=%s", commit)).split())
    subject = "".join(character for character in subject if character.isprintable())
    return subject if len(subject) <= SUBJECT_AT_MOST else f"{subject[:SUBJECT_AT_MOST]}..."


async def read_git(repo: Path, *arguments: str) -> str:
    """Return git's output; empty if git fails, takes too long, or is missing.

    The search then continues without suspects.
    """
    try:
        patterns = {"GIT_LITERAL_PATHSPECS": "0"}  # `*.py` is a pattern
        answer = await asyncio.to_thread(
            GitReader(repo).run, *arguments, ok=None, seconds=SECONDS, env=patterns
        )
    except RepositoryError:
        return ""
    output = answer.out.decode(errors="replace") if answer.status == 0 else ""
    return output[-CHARACTERS:]
