"""Reads the history of a worktree: only commits that its head contains.

No program that a repository configures is run: no pager, no external diff, no text conversion.
Arguments are passed as commits or paths, never as options.
"""

from collections.abc import Sequence

from theseus_guard.git_output import parse_names
from theseus_guard.git_settings import PLAIN_DIFF

from bot.domain.errors import WorkspaceError
from bot.domain.evidence import Commit
from bot.infra.git import Git
from bot.infra.git_parse import COMMIT_FORMAT, parse_commits

_SECONDS = 20.0
_LARGE_FILES = {"core.bigFileThreshold": "1m"}  # larger files are shown as binary
_MESSAGE = "--format=tformat:commit %H%nby %an, %cs%n%n%B"


def list_history(git: Git, file: str, limit: int) -> tuple[Commit, ...]:
    """Return the newest commits of the branch, newest first; with a `file`, those that touch it."""
    only = (file,) if file else ()
    logged = git.run(
        "log", "-z", f"-n{limit}", "--no-follow", COMMIT_FORMAT, "HEAD", "--", *only,
        seconds=_SECONDS,
    )  # fmt: skip
    return parse_commits(logged.out)


def list_changed_files(git: Git, commit: str) -> tuple[str, ...]:
    """Return every file that a commit changed; a merge is compared with its first parent.

    Raises `WorkspaceError` if the branch does not contain the commit.
    """
    sha = _resolve_ancestor(git, commit)
    listed = git.run(
        "diff-tree", "--name-only", "--no-renames", "-r", "-z", *_build_range(git, sha)
    )
    return tuple(parse_names(listed.out))


def show_commit(git: Git, commit: str, files: Sequence[str]) -> str:
    """Return a commit's message, and its diff of these files. Raises as `touched`."""
    sha = _resolve_ancestor(git, commit)
    message = git.run("log", "-n1", "--no-walk", _MESSAGE, sha, "--", seconds=_SECONDS)
    text = message.out.decode(errors="replace")
    if not files:
        return text
    diff = git.run(
        "diff-tree", "-p", "-r", *PLAIN_DIFF, *_build_range(git, sha), "--", *files,
        config=_LARGE_FILES, seconds=_SECONDS,
    )  # fmt: skip
    return f"{text}\n{diff.out.decode(errors='replace')}"


def _resolve_ancestor(git: Git, commit: str) -> str:
    """Return the full id of a commit that is the head or came before it."""
    sha = git.find_revision(commit)
    if sha is None or not git.is_ancestor(sha, "HEAD"):
        raise WorkspaceError(f"the branch stands on no commit {commit[:80]!r}")
    return sha


def _build_range(git: Git, sha: str) -> tuple[str, ...]:
    """Return the arguments that compare a commit with its first parent, or with an empty tree."""
    before = git.find_revision(f"{sha}^1")
    return (before, sha) if before else ("--root", "--no-commit-id", sha)
