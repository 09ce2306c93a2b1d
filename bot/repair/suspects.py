"""Suspect hunks from a git repository: what is not committed yet, then the newest commits."""

from pathlib import Path

from bot.redaction import redact
from bot.repair.child_process import spawn
from bot.repair.model import SuspectHunk
from bot.repair.reverts import parse_diff

COMMITS = 12
SECONDS = 15.0
CHARACTERS = 20_000_000
HUNKS_AT_MOST = 150
SUBJECT_AT_MOST = 120  # characters


async def suspect_hunks(repo: Path, commits: int = COMMITS) -> list[SuspectHunk]:
    """Return hunks of Python files, newest first; nothing when `repo` is not under git."""
    plain = ["git", "-C", str(repo), "-c", "core.quotepath=off"]
    shape = ["--no-color", "--no-ext-diff", "--relative", "-U3"]
    files = ["--", "*.py"]
    found: list[SuspectHunk] = []
    pending = await git_output([*plain, "diff", "HEAD", *shape, *files], repo)
    found += parse_diff(pending, "", 0)
    one = ["--min-parents=1", "--max-parents=1", f"-n{commits}", "--format=commit %H"]
    log = await git_output([*plain, "log", "-p", *one, *shape, *files], repo)
    for age, part in enumerate(f"\n{log}".split("\ncommit ")[1:]):
        commit, _, diff = part.partition("\n")
        found += parse_diff(diff, commit.strip(), age + bool(pending.strip()))
    return found[:HUNKS_AT_MOST]


async def subject_of(repo: Path, commit: str) -> str:
    """Return what a commit says it is for, in one line that may be shown; nothing without one."""
    if not commit:
        return ""
    argv = ["git", "-C", str(repo), "show", "-s", "--no-show-signature", "--format=%s", commit]
    said = " ".join(redact(await git_output(argv, repo)).split())
    said = "".join(each for each in said if each.isprintable())
    return said if len(said) <= SUBJECT_AT_MOST else f"{said[:SUBJECT_AT_MOST]}..."


async def git_output(argv: list[str], folder: Path) -> str:
    """Return what a git command says; nothing where it fails, or there is no git."""
    try:
        code, output = await spawn(argv, folder, SECONDS, keep=CHARACTERS)
    except FileNotFoundError:
        return ""  # without git there are no suspects, and the search goes on without them
    return output if code == 0 else ""
