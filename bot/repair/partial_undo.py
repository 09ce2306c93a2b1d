"""Whether a change takes a suspect commit back, and how much of it: all of it, or a part."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from bot.proof import same_behaviour
from bot.repair import reverts
from bot.repair.guidance import is_test
from bot.repair.model import SourceEdit, SuspectHunk, Texts
from bot.repair.source_text import lines_of


class PartialUndo(NamedTuple):
    """`whole`: the commit all of whose code is as before it; `parts`: commits undone in part."""

    whole: str | None
    parts: tuple[str, ...]


def undoing(
    before: Texts, after: Texts, hunks: Iterable[SuspectHunk], known: frozenset[str]
) -> PartialUndo:
    """Tell what of which commits changing `before` into `after` takes back.

    `known` are the commits all of whose code the hunks hold: of others nobody can say "all of it".
    A line counts as taken back where it comes again as it was before the commit, or goes.
    """
    parts: list[str] = []
    for commit, group in _by_commit(hunks).items():
        if commit in known and _is_whole(before, after, group):
            return PartialUndo(commit, ())
        if any(
            _takes_back(before[path], text, group.get(path, ())) for path, text in after.items()
        ):
            parts.append(commit)
    return PartialUndo(None, tuple(parts))


def _by_commit(hunks: Iterable[SuspectHunk]) -> dict[str, dict[str, list[SuspectHunk]]]:
    groups: dict[str, dict[str, list[SuspectHunk]]] = defaultdict(lambda: defaultdict(list))
    for hunk in hunks:
        if not is_test(hunk.path):
            groups[hunk.commit][hunk.path].append(hunk)
    return groups


def _is_whole(before: Texts, after: Texts, group: Mapping[str, list[SuspectHunk]]) -> bool:
    """Return whether every file of the commit is as before it, and no other file changed."""
    if not after.keys() <= group.keys():
        return False
    for path, hunks in group.items():
        was = undone(before[path], hunks) if path in before else None
        if was is None or not same_behaviour(was, after.get(path, before[path])):
            return False
    return True


def undone(text: str, hunks: Iterable[SuspectHunk]) -> str | None:
    """Return the text with all of these hunks undone; nothing where one has no place any more."""
    edits: list[SourceEdit] = []
    for hunk in hunks:
        for change in reverts.changes_of(hunk):
            edit = reverts.edit_for(text, change, hunk)
            if edit is None:
                return None
            edits.append(edit)
    for edit in sorted(edits, key=lambda edit: -edit.start):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _takes_back(before: str, after: str, hunks: Iterable[SuspectHunk]) -> bool:
    old, new = Counter(_lines(before)), Counter(_lines(after))
    came, went = new - old, old - new
    removed = {mark[1:].strip() for hunk in hunks for mark in hunk.lines if mark[:1] == "-"}
    added = {mark[1:].strip() for hunk in hunks for mark in hunk.lines if mark[:1] == "+"}
    only_went = went.total() > came.total()
    return bool(came.keys() & removed) or (only_went and bool(went.keys() & added))


def _lines(text: str) -> list[str]:
    return [line.strip() for line in lines_of(text) if line.strip()]
