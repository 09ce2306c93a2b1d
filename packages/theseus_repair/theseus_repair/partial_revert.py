"""Decides whether a change reverts a suspect commit completely or in part."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from theseus_repair import reverts
from theseus_repair.guidance import is_test
from theseus_repair.hazards import has_same_behaviour
from theseus_repair.model import SourceEdit, SuspectHunk, Texts
from theseus_repair.source_text import split_lines


class PartialRevert(NamedTuple):
    """`full_commit`: the completely reverted commit, if any; `parts`: partly reverted commits."""

    full_commit: str | None
    parts: tuple[str, ...]


def find_reverted(
    before: Texts, after: Texts, hunks: Iterable[SuspectHunk], known: frozenset[str]
) -> PartialRevert:
    """Return which commits the change from `before` to `after` reverts, and how far.

    `known` are the commits whose complete code is in the hunks: only those can be reverted
    completely. A line counts as reverted if it is restored as before the commit, or removed.
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
    """Return the text with all of these hunks reverted; `None` if one cannot be placed."""
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
