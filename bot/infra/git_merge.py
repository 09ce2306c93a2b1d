"""Making a merge in a worktree to look at, without moving any branch."""

from bot.domain.errors import MergeConflict
from bot.infra.git import Git
from bot.infra.git_parse import names

_SHOWN = 5


def merge_apart(git: Git, tip: str, head: str) -> None:
    """Check out, on no branch, the merge of `head` into `tip`; drop everything else. Blocking.

    Where `tip` holds `head` already, that is `tip`. Raises `MergeConflict`, back at `tip`.
    """
    git.run("checkout", "-q", "--detach", "-f", git.revision(tip))
    git.run("clean", "-q", "-ffdx")
    answer = git.run(
        "merge", "-q", "--no-ff", "--no-verify", "--no-stat", "-m", "Merge to be checked",
        git.revision(head), ok=None,
    )  # fmt: skip
    if answer.status == 0:
        return
    listing = git.run("diff", "--name-only", "--no-renames", "--diff-filter=U", "-z")
    files = tuple(sorted(set(names(listing.out))))
    git.run("reset", "-q", "--hard", tip)
    if not files:
        raise git.failure(f"git cannot merge {head[:12]} into {tip[:12]}", answer.err)
    shown = ", ".join(files[:_SHOWN])
    raise MergeConflict(
        f"{head[:12]} and {tip[:12]} do not merge cleanly: {shown}", files=files, detail=answer.err
    )


def tree_of(git: Git, commit: str) -> str:
    """Return the id of a commit's tree. Blocking."""
    return git.run("rev-parse", f"{git.revision(commit)}^{{tree}}").line
