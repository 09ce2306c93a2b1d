"""Taking a merge back in a worktree: however it was merged, and keeping what came later."""

from bot.domain.change import Undone
from bot.infra.git import Git
from bot.infra.git_parse import names

_MOST_COMMITS = 100  # of one rebased branch


def undo(git: Git, merged: str, head: str) -> Undone:
    """Take back what merging `head` as `merged` changed, uncommitted. Blocking."""
    merged = git.revision(merged)
    if not git.is_ancestor(merged, "HEAD"):
        raise git.failure(f"{merged[:12]} is not part of what is checked out", "")
    before, merge = _before(git, merged, head)
    what = ("-m", "1", merged) if merge else (f"{before}..{merged}",)
    answer = git.run("revert", "--no-commit", *what, ok=None)
    conflicts = _names(git, "--diff-filter=U")
    if answer.status != 0 or conflicts:
        git.run("reset", "-q", "--hard")
        git.run("revert", "--quit", ok=None)
        if not conflicts:
            raise git.failure(f"git cannot take {merged[:12]} back", answer.err)
        return Undone(before=before, conflicts=tuple(sorted(conflicts)))
    return _looked_at(git, before, merged)


def _looked_at(git: Git, before: str, merged: str) -> Undone:
    """Return what was changed; raise where a file nobody touched since is not as it was before."""
    touched = _names(git, "--cached", "HEAD")
    unlike = _names(git, "--cached", before)
    since = _names(git, merged, "HEAD")
    wrong = (_names(git, before, merged) - since) & unlike
    if wrong:
        git.run("reset", "-q", "--hard")
        raise git.failure(f"git did not bring {sorted(wrong)[0]} back to {before[:12]}", "")
    return Undone(
        before=before,
        restored=tuple(sorted(touched - unlike)),
        blended=tuple(sorted(touched & unlike)),
    )


def _before(git: Git, merged: str, head: str) -> tuple[str, bool]:
    """Return the commit that was merged onto, and whether `merged` is a merge commit.

    A squash is one commit; a rebase as many as it takes to change the files the branch changed.
    """
    _, *parents = git.run("rev-list", "--parents", "-n1", merged).line.split()
    if not parents:
        raise git.failure(f"{merged[:12]} is the first commit; there is nothing before it", "")
    if len(parents) > 1:
        return parents[0], True
    if git.try_revision(head) is None or git.is_ancestor(head, merged):
        return parents[0], False
    parted = git.run("merge-base", head, merged).line
    changed = _names(git, parted, head)
    most = int(git.run("rev-list", "--count", f"{parted}..{head}").line)
    for count in range(1, min(most, _MOST_COMMITS) + 1):
        start = git.try_revision(f"{merged}~{count}")
        if start is not None and _names(git, start, merged) == changed:
            return start, False
    raise git.failure(f"the commits that {merged[:12]} ends are not those of {head[:12]}", "")


def _names(git: Git, *what: str) -> set[str]:
    listing = git.run("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", *what)
    return set(names(listing.out))
