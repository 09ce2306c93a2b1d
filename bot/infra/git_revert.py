"""Reverts a merge, a squash or a rebased branch in a worktree, and keeps later changes."""

from theseus_guard.git_output import parse_names

from bot.domain.change import RevertResult
from bot.infra.git import Git

_MOST_COMMITS = 100  # of one rebased branch


def revert_merge(git: Git, merge_commit: str, head: str) -> RevertResult:
    """Revert the merge `merge_commit` of `head` in the worktree, without committing. Blocking.

    Conflicts are returned. Raises the error of `git` if the revert fails otherwise.
    """
    merge_commit = git.resolve_revision(merge_commit)
    if not git.is_ancestor(merge_commit, "HEAD"):
        raise git.build_error(f"{merge_commit[:12]} is not part of what is checked out", "")
    before, merge = _find_base(git, merge_commit, head)
    what = ("-m", "1", merge_commit) if merge else (f"{before}..{merge_commit}",)
    answer = git.run("revert", "--no-commit", *what, ok=None)
    conflicts = _list_names(git, "--diff-filter=U")
    if answer.status != 0 or conflicts:
        git.run("reset", "-q", "--hard")
        git.run("revert", "--quit", ok=None)
        if not conflicts:
            raise git.build_error(f"git cannot revert {merge_commit[:12]}", answer.err)
        return RevertResult(before=before, conflicts=tuple(sorted(conflicts)))
    return _check_revert(git, before, merge_commit)


def _check_revert(git: Git, before: str, merged: str) -> RevertResult:
    """Return the changed files. Raises if a file that was not changed later is not as before."""
    touched = _list_names(git, "--cached", "HEAD")
    unlike = _list_names(git, "--cached", before)
    since = _list_names(git, merged, "HEAD")
    wrong = (_list_names(git, before, merged) - since) & unlike
    if wrong:
        git.run("reset", "-q", "--hard")
        raise git.build_error(f"git did not restore {sorted(wrong)[0]} to {before[:12]}", "")
    return RevertResult(
        before=before,
        restored=tuple(sorted(touched - unlike)),
        blended=tuple(sorted(touched & unlike)),
    )


def _find_base(git: Git, merged: str, head: str) -> tuple[str, bool]:
    """Return the commit that was merged onto, and whether `merged` is a merge commit.

    A squash is one commit; a rebase as many as it takes to change the files the branch changed.
    """
    _, *parents = git.run("rev-list", "--parents", "-n1", merged).line.split()
    if not parents:
        raise git.build_error(f"{merged[:12]} is the first commit; there is nothing before it", "")
    if len(parents) > 1:
        return parents[0], True
    if git.find_revision(head) is None or git.is_ancestor(head, merged):
        return parents[0], False
    parted = git.run("merge-base", head, merged).line
    changed = _list_names(git, parted, head)
    most = int(git.run("rev-list", "--count", f"{parted}..{head}").line)
    for count in range(1, min(most, _MOST_COMMITS) + 1):
        start = git.find_revision(f"{merged}~{count}")
        if start is not None and _list_names(git, start, merged) == changed:
            return start, False
    raise git.build_error(f"the commits that {merged[:12]} ends are not those of {head[:12]}", "")


def _list_names(git: Git, *what: str) -> set[str]:
    listing = git.run("diff", "--name-only", "--no-renames", "--no-ext-diff", "-z", *what)
    return set(parse_names(listing.out))
