"""Merges two changes of one text by rules; what no rule covers is a conflict with two sides."""

import difflib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bot.infra.merge_rules import has_name_collision, merge_blocks, merge_import_blocks

Lines = list[str]


class TextConflict(NamedTuple):
    """A place that both sides change in ways that no rule can combine."""

    base: str
    ours: str
    theirs: str


class TextMerge(NamedTuple):
    """The merged text, or `None` and the conflicts.

    There may be no text and no conflict: then the places combine, but not the program.
    """

    text: str | None
    conflicts: tuple[TextConflict, ...] = ()


class _Change(NamedTuple):
    """The `lines` that a side has instead of the base's from `start` to `end`."""

    start: int
    end: int
    lines: Lines


def merge_texts(base: str, ours: str, theirs: str, *, is_python: bool) -> TextMerge:
    """Return `base` with the changes of both sides.

    Where both sides change the same or adjacent lines, only these are combined: imports that each
    side adds, and whole functions or classes, list entries or table rows that each side adds at one
    place, ours first. No line that a side has, and that the other did not take away elsewhere, is
    left out. Names that both sides give to different things are a conflict too, because the second
    would replace the first.
    """
    lines = base.splitlines(keepends=True)
    first, second = _list_changes(lines, ours), _list_changes(lines, theirs)
    merged: Lines = []
    conflicts: list[TextConflict] = []
    place = 0
    for start, end in _iterate_regions([*first, *second]):
        here, there = (_apply(lines, each, start, end) for each in (first, second))
        merged += lines[place:start]
        both = _merge_region(lines[start:end], here, there, is_python=is_python)
        if both is None:
            conflicts.append(TextConflict("".join(lines[start:end]), "".join(here), "".join(there)))
        merged += both or []
        place = end
    merged += lines[place:]
    text = "".join(merged)
    if conflicts:
        return TextMerge(None, tuple(conflicts))
    if is_python and has_name_collision(base, ours, theirs, text):
        return TextMerge(None)
    return TextMerge(text)


def describe_conflicts(merge: TextMerge, limit: int = 1_500) -> str:
    """Return both sides of each conflict as text, at most `limit` characters."""
    if merge.text is None and not merge.conflicts:
        return "Both sides give one name to different things, or the program would not parse."
    texts = (f"ours:\n{each.ours}theirs:\n{each.theirs}" for each in merge.conflicts)
    return "\n".join(texts)[:limit]


def _merge_region(base: Lines, ours: Lines, theirs: Lines, *, is_python: bool) -> Lines | None:
    """Return the region with the changes of both sides; `None` if no rule combines them."""
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    if is_python and (imports := merge_import_blocks(base, ours, theirs)) is not None:
        return imports
    return None if base else merge_blocks(ours, theirs, is_python=is_python)


def _apply(lines: Lines, changes: Sequence[_Change], start: int, end: int) -> Lines:
    """Return the lines of a region as one side has them."""
    text: Lines = []
    for change in changes:
        if start <= change.start and change.end <= end:
            text += [*lines[start : change.start], *change.lines]
            start = change.end
    return [*text, *lines[start:end]]


def _iterate_regions(changes: Sequence[_Change]) -> Iterator[tuple[int, int]]:
    """Yield the regions that changes cover; those that overlap or touch are one region."""
    region: tuple[int, int] | None = None
    for start, end, _ in sorted(changes):
        if region is not None and start <= region[1]:
            region = region[0], max(region[1], end)
            continue
        if region is not None:
            yield region
        region = start, end
    if region is not None:
        yield region


def _list_changes(lines: Lines, text: str) -> list[_Change]:
    after = text.splitlines(keepends=True)
    matcher = difflib.SequenceMatcher(None, lines, after, autojunk=False)
    return [
        _move_down(lines, _Change(start, end, after[first:last]))
        for kind, start, end, first, last in matcher.get_opcodes()
        if kind != "equal"
    ]


def _move_down(lines: Lines, change: _Change) -> _Change:
    """Return an equal addition that begins as late as possible.

    A diff may report a new function from the middle of the one before it to its own middle.
    """
    start, end, added = change
    while start == end < len(lines) and added[0] == lines[start]:
        added = [*added[1:], added[0]]
        start = end = start + 1
    return _Change(start, end, added)
