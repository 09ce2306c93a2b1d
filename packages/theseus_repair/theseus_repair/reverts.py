"""Reverts parts of suspect commits: the smallest parts first, against the current text."""

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations, islice

from theseus_guard.unified_diff import parse

from theseus_repair.model import Candidate, SourceEdit, SuspectHunk, Texts
from theseus_repair.source_text import split_lines

TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
ENTRY = re.compile(r"^\s*(?P<key>\w+|\"[^\"]*\"|'[^']*')\s*:\s*\S.*,$")
PAIRS_AT_MOST = 12
MIN_SIMILARITY = 0.6
COMPARED_AT_MOST = (
    1_000  # pairs of lines of one change, each of which takes up to a millisecond to compare
)
ALL = 1.1  # before its parts, because the complete earlier state is not a mixture of two designs
ALL_AT_MOST = 60  # changed lines; most of a larger commit has nothing to do with the fault


def parse_diff(text: str, commit: str = "", age: int = 0) -> list[SuspectHunk]:
    """Return the hunks of a commit's unified diff, without deleted and new files.

    A new file has no state before it: reverting it would empty it, and all its lines would be
    suspect.
    """
    return [
        SuspectHunk(
            patch.path,
            commit,
            hunk.old,
            hunk.new,
            tuple(
                sign + line.removeprefix("\ufeff").removesuffix("\r") for sign, line in hunk.lines
            ),
            age,
        )
        for patch in parse(text)
        if patch.status not in ("deleted", "added")
        for hunk in patch.hunks
    ]


class CommitChange:
    """One run of `-` and `+` lines of a hunk, placed in the current text by its context."""

    def __init__(self, old: list[str], new: list[str], line: int) -> None:
        self.old, self.new, self.line = old, new, line


def split_hunk(hunk: SuspectHunk) -> list[CommitChange]:
    """Split a hunk at its unchanged lines."""
    found: list[CommitChange] = []
    line, fresh = hunk.new_start, True
    for mark in hunk.lines:
        kind, text = mark[:1], mark[1:]
        if kind == " ":
            fresh, line = True, line + 1
            continue
        if fresh:
            found.append(CommitChange([], [], line))
            fresh = False
        (found[-1].old if kind == "-" else found[-1].new).append(text)
        line += kind == "+"
    return found


def align(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int, int, int]]:
    """Pair corresponding lines; return the blocks (old from, to, new from, to) that differ.

    A block is one line for one line, or lines of one side only.
    """
    blocks: list[tuple[int, int, int, int]] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for tag, o1, o2, n1, n2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        if o2 - o1 == n2 - n1:
            blocks += [(o1 + step, o1 + step + 1, n1 + step, n1 + step + 1)
                       for step in range(o2 - o1)]  # fmt: skip
        else:
            blocks += _pair_lines(old, new, (o1, o2, n1, n2))
    return blocks


def _pair_lines(
    old: Sequence[str], new: Sequence[str], block: tuple[int, int, int, int]
) -> list[tuple[int, int, int, int]]:
    """Split an uneven block at the lines that are similar."""
    o1, o2, n1, n2 = block
    if (o2 - o1) * (n2 - n1) > COMPARED_AT_MOST:
        return [block]
    pairs: list[tuple[int, int]] = []
    for at in range(o1, o2):
        from_ = pairs[-1][1] + 1 if pairs else n1
        likeness = {
            other: difflib.SequenceMatcher(None, old[at], new[other]).ratio()
            for other in range(from_, n2)
        }
        best = max(likeness, key=likeness.__getitem__, default=None)
        if best is not None and likeness[best] >= MIN_SIMILARITY:
            pairs.append((at, best))
    blocks: list[tuple[int, int, int, int]] = []
    for o, n in [*pairs, (o2, n2)]:
        if o1 < o and n1 < n and not pairs:
            return [block]
        blocks += [(o1, o1, n1, n)] if n1 < n else []
        blocks += [(o1, o, n, n)] if o1 < o else []
        blocks += [(o, o + 1, n, n + 1)] if o < o2 and old[o] != new[n] else []
        o1, n1 = o + 1, n + 1
    return blocks


def split_change(change: CommitChange) -> list[CommitChange]:
    """Split a change into pairs of corresponding lines, and single lines."""
    return [
        CommitChange(change.old[o1:o2], change.new[n1:n2], change.line + n1)
        for o1, o2, n1, n2 in align(change.old, change.new)
    ]


def split_edit(edit: SourceEdit, text: str) -> list[SourceEdit]:
    """Split an edit of several lines into edits of single lines with the same total effect."""
    now = split_lines(text[edit.start : edit.end])
    then = split_lines(edit.text)
    starts = [edit.start]
    for line in now:
        starts.append(starts[-1] + len(line))
    if not now or not then:
        return [edit]
    return [
        SourceEdit(edit.path, starts[n1], starts[n2], "".join(then[o1:o2]))
        for o1, o2, n1, n2 in align(then, now)
    ]


def place(lines: Sequence[str], change: CommitChange, hunk: SuspectHunk) -> int | None:
    """Return the index in `lines` where the change's new lines are now, or None."""
    wanted = change.new
    if not wanted:
        return _place_removal(lines, change, hunk)
    count = len(wanted)
    spots = [
        at
        for at in range(len(lines) - count + 1)
        if lines[at] == wanted[0] and list(lines[at : at + count]) == wanted
    ]
    return min(spots, key=lambda at: abs(at + 1 - change.line), default=None)


def _place_removal(lines: Sequence[str], change: CommitChange, hunk: SuspectHunk) -> int | None:
    """Find where removed lines were, by the line before and the line after them."""
    new = [mark[1:] for mark in hunk.lines if not mark.startswith("-")]
    at = change.line - hunk.new_start
    before = new[at - 1] if at > 0 else None
    after = new[at] if at < len(new) else None
    spots = [
        spot
        for spot in range(len(lines) + 1)
        if (before is None or (spot > 0 and lines[spot - 1] == before))
        and (after is None or (spot < len(lines) and lines[spot] == after))
    ]
    return min(spots, key=lambda spot: abs(spot + 1 - change.line), default=None)


@lru_cache(maxsize=32)
def _split(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the lines of a text with their line ends, and without."""
    with_ends = tuple(split_lines(text))
    return with_ends, tuple(line.rstrip("\r\n") for line in with_ends)


def edit_for(text: str, change: CommitChange, hunk: SuspectHunk) -> SourceEdit | None:
    """Return the edit that reverts one change in the current text, or `None`."""
    with_ends, lines = _split(text)
    at = place(lines, change, hunk)
    if at is None:
        return None
    start = sum(map(len, with_ends[:at]))
    end = start + sum(map(len, with_ends[at : at + len(change.new)]))
    if start == len(text) and text and not text.endswith("\n"):
        return None
    return SourceEdit(hunk.path, start, end, "".join(f"{line}\n" for line in change.old))


def iterate_token_edits(text: str, change: CommitChange, edit: SourceEdit) -> Iterator[SourceEdit]:
    """Yield edits that revert single differences inside one changed line."""
    if len(change.old) != 1 or len(change.new) != 1:
        return
    old, new = TOKEN.findall(change.old[0]), TOKEN.findall(change.new[0])
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    if len(codes) < 2:
        return
    for _, o1, o2, n1, n2 in codes:
        start = edit.start + len("".join(new[:n1]))
        yield SourceEdit(edit.path, start, start + len("".join(new[n1:n2])), "".join(old[o1:o2]))


def propose(texts: Texts, hunks: Iterable[SuspectHunk]) -> Iterator[Candidate]:
    """Yield reverts, ranked from 0: complete commits first, newer ones before older, then parts.

    They are generated on demand, so that the caller can stop when time is up.
    """
    known = [hunk for hunk in hunks if hunk.path in texts and hunk.path.endswith(".py")]
    everything: dict[str, list[SourceEdit]] = {}
    fades: dict[str, float] = {}
    for hunk in known:
        found = (edit_for(texts[hunk.path], change, hunk) for change in split_hunk(hunk))
        everything.setdefault(hunk.commit, []).extend(edit for edit in found if edit is not None)
        fades[hunk.commit] = 1 / (1 + 0.15 * hunk.age)
    disjoint = {commit: _select_disjoint(edits) for commit, edits in everything.items()}
    sizes = Counter[str]()
    for hunk in known:
        sizes[hunk.commit] += sum(mark[:1] != " " for mark in hunk.lines)
    for commit, edits in disjoint.items():
        if len(edits) > 1 and sizes[commit] <= ALL_AT_MOST:
            yield _revert(edits, commit, "all of", ALL * fades[commit])
    for hunk in known:
        yield from _propose_for_hunk(texts[hunk.path], hunk)
    for commit, edits in disjoint.items():
        if len(edits) > 2:
            for pair in islice(combinations(edits, 2), PAIRS_AT_MOST):
                yield _revert(pair, commit, "two parts of", 0.62)


def _propose_for_hunk(text: str, hunk: SuspectHunk) -> Iterator[Candidate]:
    fade = 1 / (1 + 0.15 * hunk.age)
    edits: list[SourceEdit] = []
    for change in split_hunk(hunk):
        full_edit = edit_for(text, change, hunk)
        atoms = split_change(change)
        if full_edit is not None:
            edits.append(full_edit)
            # Lines that were changed together belong together: reverting half of them mixes two
            # designs, which may pass the tests and be wrong. So parts rank lower.
            yield _revert([full_edit], hunk.commit, "a change of", fade)
        yield from _restore_entries(text, change, full_edit, hunk, fade)
        for atom in atoms:
            edit = edit_for(text, atom, hunk)
            if edit is None:
                continue
            if len(atoms) > 1:
                yield _revert([edit], hunk.commit, "a line of", 0.9 * fade)
            for part in iterate_token_edits(text, atom, edit):
                yield _revert([part], hunk.commit, "part of a line of", 0.8 * fade)
    if len(edits) > 1:
        yield _revert(edits, hunk.commit, "a hunk of", 0.75 * fade)


def _restore_entries(
    text: str, change: CommitChange, full_edit: SourceEdit | None, hunk: SuspectHunk, fade: float
) -> Iterator[Candidate]:
    """Yield the removed table entries, restored next to the entries that the change added."""
    old, new = (list(map(ENTRY.match, side)) for side in (change.old, change.new))
    if full_edit is None or not new or not all((*old, *new)):
        return
    brought = {entry["key"] for entry in new if entry}
    lost = [entry[0] for entry in old if entry and entry["key"] not in brought]
    if lost:
        edit = SourceEdit(
            hunk.path, full_edit.start, full_edit.start, "".join(f"{line}\n" for line in lost)
        )
        yield _revert([edit], hunk.commit, "a table entry removed by", 1.05 * fade)


def _revert(edits: Sequence[SourceEdit], commit: str, what: str, rank: float) -> Candidate:
    name = f"commit {commit[:10]}" if commit else "the suspect change"
    return Candidate(tuple(edits), "revert", f"revert {what} {name}", rank)


def _select_disjoint(edits: Sequence[SourceEdit]) -> list[SourceEdit]:
    selected: list[SourceEdit] = []
    for edit in edits:
        if all(
            edit.path != other.path or edit.end <= other.start or edit.start >= other.end
            for other in selected
        ):
            selected.append(edit)
    return selected
