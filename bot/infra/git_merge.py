"""Merges in a worktree, on its branch or detached, without moving any branch."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from theseus_guard.git_output import parse_names
from theseus_guard.git_reader import as_text

from bot.domain.errors import MergeConflict
from bot.infra.additions import TextMerge, describe_conflicts, merge_texts
from bot.infra.git import Git

_MAX_LISTED = 5
_UNMERGED = re.compile(r"(100644|100755) ([0-9a-f]{40,64}) ([123])\t")
"""A line of git about one side of a file that it could not merge: 2 is ours, 3 is theirs."""


def merge_detached(git: Git, tip: str, head: str) -> None:
    """Check out the merge of `head` into `tip` without a branch; drop other changes. Blocking.

    If `tip` contains `head` already, it checks out `tip`. Raises `MergeConflict`, and leaves `tip`
    checked out then.
    """
    git.run("checkout", "-q", "--detach", "-f", git.resolve_revision(tip))
    git.run("clean", "-q", "-ffdx")
    answer = git.run(
        "merge", "-q", "--no-ff", "--no-verify", "--no-stat", "-m", "Merge to be checked",
        git.resolve_revision(head), ok=None,
    )  # fmt: skip
    if answer.status != 0:
        _give_up(git, tip, head, answer.err)


def join(git: Git, head: str, message: str) -> None:
    """Merge `head` into the current branch. Blocking.

    Imports and whole entries that both sides add are combined by rules. Raises `MergeConflict`,
    with both sides, and changes nothing then.
    """
    tip = git.resolve_revision("HEAD")
    answer = git.run(
        "merge", "-q", "--no-ff", "--no-verify", "--no-stat", "-m", message,
        git.resolve_revision(head), ok=None,
    )  # fmt: skip
    if answer.status == 0:
        return
    files = _list_unmerged_files(git)
    merges = {file: _merge_by_rules(git, file) for file in files}
    if not files or any(each is None or each.merge.text is None for each in merges.values()):
        sides = {
            file: f"{file}\n{describe_conflicts(each.merge)}"
            for file, each in merges.items()
            if each is not None and each.merge.text is None
        }
        _give_up(git, tip, head, answer.err, sides)
    for file, merged in merges.items():
        mode, text = (merged.mode, merged.merge.text or "") if merged else ("", "")
        blob = git.run("hash-object", "-w", "--stdin", stdin=text.encode()).line
        git.run("update-index", "--cacheinfo", f"{mode},{blob},{file}")
    git.run("commit", "-q", "--no-verify", "-m", message)
    git.run("reset", "-q", "--hard")


class _MergedFile(NamedTuple):
    """A file that git could not merge, with its mode, and what our rules make of it."""

    mode: str
    merge: TextMerge


def _merge_by_rules(git: Git, file: str) -> _MergedFile | None:
    """Return the merge of a text that is on all three sides; `None` for any other file."""
    listed = git.run("ls-files", "--unmerged", "-z", "--", file).out.decode()
    sides = {each[3]: each for each in _UNMERGED.finditer(listed)}
    if len(sides) != 3 or len({each[1] for each in sides.values()}) != 1:
        return None
    texts = [as_text(git.run("cat-file", "blob", sides[side][2]).out) for side in "123"]
    base, ours, theirs = texts
    if base is None or ours is None or theirs is None:
        return None
    merge = merge_texts(base, ours, theirs, is_python=file.endswith(".py"))
    return _MergedFile(sides["2"][1], merge)


def _list_unmerged_files(git: Git) -> tuple[str, ...]:
    listing = git.run("diff", "--name-only", "--no-renames", "--diff-filter=U", "-z")
    return tuple(sorted(set(parse_names(listing.out))))


def _give_up(
    git: Git, tip: str, head: str, why: str, sides: Mapping[str, str] = MappingProxyType({})
) -> NoReturn:
    """Go back to `tip`, and say which files do not merge."""
    files = _list_unmerged_files(git)
    git.run("reset", "-q", "--hard", tip)
    if not files:
        raise git.build_error(f"git cannot merge {head[:12]} into {tip[:12]}", why)
    shown = ", ".join(files[:_MAX_LISTED])
    raise MergeConflict(
        f"{head[:12]} and {tip[:12]} do not merge cleanly: {shown}",
        sides={file: sides.get(file, "") for file in files},
        detail=why,
    )


def get_tree_id(git: Git, commit: str) -> str:
    """Return the id of a commit's tree. Blocking."""
    return git.run("rev-parse", f"{git.resolve_revision(commit)}^{{tree}}").line
