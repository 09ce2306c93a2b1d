"""Whether a change takes a suspect commit back, and how much of it: all of it, or a part."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bot.proof import has_same_behaviour
from bot.repair import reverts
from bot.repair.guidance import is_test
from bot.repair.model import SourceEdit, SuspectHunk, Texts
from bot.repair.source_text import split_lines


class PartialRevert(NamedTuple):
    """`whole`: the commit all of whose code is as before it; `parts`: commits undone in part."""

    full_commit: str | None
    parts: tuple[str, ...]


def find_reverted(
    before: Texts, after: Texts, hunks: Iterable[SuspectHunk], known: frozenset[str]
) -> PartialRevert:
    """Tell what of which commits changing `before` into `after` takes back.

    `known` are the commits all of whose code the hunks hold: of others nobody can say "all of it".
    A line counts as taken back where it comes again as it was before the commit, or goes.
    """
    parts: list[str] = []
    for commit, group in _group_by_commit(hunks).items():
        if commit in known and _is_full_revert(before, after, group):
            return PartialRevert(commit, ())
        if any(
            _is_partial_revert(before[path], text, group.get(path, ()))
            for path, text in after.items()
        ):
            parts.append(commit)
    return PartialRevert(None, tuple(parts))


def _group_by_commit(hunks: Iterable[SuspectHunk]) -> dict[str, dict[str, list[SuspectHunk]]]:
    groups: dict[str, dict[str, list[SuspectHunk]]] = defaultdict(lambda: defaultdict(list))
    for hunk in hunks:
        if not is_test(hunk.path):
            groups[hunk.commit][hunk.path].append(hunk)
    return groups


def _is_full_revert(before: Texts, after: Texts, group: Mapping[str, list[SuspectHunk]]) -> bool:
    """Return whether every file of the commit is as before it, and no other file changed."""
    if not after.keys() <= group.keys():
        return False
    for path, hunks in group.items():
        was = revert_hunks(before[path], hunks) if path in before else None
        if was is None or not has_same_behaviour(was, after.get(path, before[path])):
            return False
    return True


def revert_hunks(text: str, hunks: Iterable[SuspectHunk]) -> str | None:
    """Return the text with all of these hunks undone; nothing where one has no place any more."""
    edits: list[SourceEdit] = []
    for hunk in hunks:
        for change in reverts.split_hunk(hunk):
            edit = reverts.edit_for(text, change, hunk)
            if edit is None:
                return None
            edits.append(edit)
    for edit in sorted(edits, key=lambda edit: -edit.start):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _is_partial_revert(before: str, after: str, hunks: Iterable[SuspectHunk]) -> bool:
    old, new = Counter(_strip_lines(before)), Counter(_strip_lines(after))
    came, went = new - old, old - new
    removed = {mark[1:].strip() for hunk in hunks for mark in hunk.lines if mark[:1] == "-"}
    added = {mark[1:].strip() for hunk in hunks for mark in hunk.lines if mark[:1] == "+"}
    only_went = went.total() > came.total()
    return bool(came.keys() & removed) or (only_went and bool(went.keys() & added))


def _strip_lines(text: str) -> list[str]:
    return [line.strip() for line in split_lines(text) if line.strip()]
