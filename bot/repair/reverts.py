"""Undo parts of suspect commits: the smallest parts first, against the text as it is now."""

import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from bot.repair.model import Candidate, Edit, Hunk, Texts

HEADER = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")
TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
PAIRS_AT_MOST = 12


def parse_diff(text: str, commit: str = "", age: int = 0) -> list[Hunk]:
    """Read a unified diff (as `git show` or `git log -p` print it). Deleted files are left out."""
    hunks: list[Hunk] = []
    path, starts, lines = "", (0, 0), []  # type: ignore[var-annotated]

    def close() -> None:
        if path and lines:
            hunks.append(Hunk(path, commit, starts[0], starts[1], tuple(lines), age))
        lines.clear()

    for line in text.splitlines():
        header = HEADER.match(line)
        if header or line.startswith(("diff --git ", "commit ")):
            close()
            if header:
                starts = (int(header[1]), int(header[2]))
            else:
                path, starts = "", (0, 0)
        elif line.startswith("+++ ") and not starts[1]:
            name = line[4:].split("\t")[0].strip().strip('"')
            path = "" if name == "/dev/null" else name.removeprefix("b/")
        elif starts[1] and line[:1] in {" ", "-", "+"}:
            lines.append(line)
        elif starts[1] and line == "":
            lines.append(" ")
    close()
    return hunks


class Change:
    """One run of `-` and `+` lines of a hunk, placed in the current text by its surroundings."""

    def __init__(self, old: list[str], new: list[str], line: int) -> None:
        self.old, self.new, self.line = old, new, line


def changes_of(hunk: Hunk) -> list[Change]:
    """Split a hunk at its unchanged lines."""
    found: list[Change] = []
    line, fresh = hunk.new_start, True
    for mark in hunk.lines:
        kind, text = mark[:1], mark[1:]
        if kind == " ":
            fresh, line = True, line + 1
            continue
        if fresh:
            found.append(Change([], [], line))
            fresh = False
        (found[-1].old if kind == "-" else found[-1].new).append(text)
        line += kind == "+"
    return found


def atoms_of(change: Change) -> list[Change]:
    """Split a change into pairs of lines that stand for each other, and lone lines."""
    matcher = difflib.SequenceMatcher(None, change.old, change.new, autojunk=False)
    atoms: list[Change] = []
    for tag, o1, o2, n1, n2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        if o2 - o1 == n2 - n1:
            pairs = zip(range(o1, o2), range(n1, n2), strict=True)
            atoms += [Change([change.old[o]], [change.new[n]], change.line + n) for o, n in pairs]
        else:
            atoms.append(Change(change.old[o1:o2], change.new[n1:n2], change.line + n1))
    return atoms


def place(lines: Sequence[str], change: Change, hunk: Hunk) -> int | None:
    """Return the index in `lines` where the change's new lines are now, or None."""
    wanted = change.new
    if not wanted:
        return _place_removal(lines, change, hunk)
    count = len(wanted)
    spots = [at for at in range(len(lines) - count + 1) if list(lines[at : at + count]) == wanted]
    return min(spots, key=lambda at: abs(at + 1 - change.line), default=None)


def _place_removal(lines: Sequence[str], change: Change, hunk: Hunk) -> int | None:
    """Find where removed lines stood, by the line before and the line after them."""
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


def edit_for(text: str, change: Change, hunk: Hunk) -> Edit | None:
    """Return the edit that undoes one change in the current text."""
    whole = text.splitlines(keepends=True)
    lines = [line.rstrip("\r\n") for line in whole]
    at = place(lines, change, hunk)
    if at is None:
        return None
    start = sum(map(len, whole[:at]))
    end = start + sum(map(len, whole[at : at + len(change.new)]))
    if start == len(text) and text and not text.endswith("\n"):
        return None
    return Edit(hunk.path, start, end, "".join(f"{line}\n" for line in change.old))


def token_edits(text: str, change: Change, edit: Edit) -> Iterator[Edit]:
    """Yield edits that undo single differences inside one changed line."""
    if len(change.old) != 1 or len(change.new) != 1:
        return
    old, new = TOKEN.findall(change.old[0]), TOKEN.findall(change.new[0])
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    if len(codes) < 2:
        return
    for _, o1, o2, n1, n2 in codes:
        start = edit.start + len("".join(new[:n1]))
        yield Edit(edit.path, start, start + len("".join(new[n1:n2])), "".join(old[o1:o2]))


def propose(texts: Texts, hunks: Iterable[Hunk]) -> Iterator[Candidate]:
    """Yield undoings, each with its rank between 0 and 1: small ones of new commits rank higher."""
    everything: dict[str, list[Edit]] = {}
    for hunk in hunks:
        if hunk.path in texts and hunk.path.endswith(".py"):
            yield from _of_hunk(texts[hunk.path], hunk, everything)
    for commit, edits in everything.items():
        apart = _disjoint(edits)
        pairs = list(combinations(apart, 2))[:PAIRS_AT_MOST] if len(apart) > 2 else []
        for pair in pairs:
            yield _undo(pair, commit, "two parts of", 0.62)
        if len(apart) > 1:
            yield _undo(apart, commit, "all of", 0.6)


def _of_hunk(text: str, hunk: Hunk, everything: dict[str, list[Edit]]) -> Iterator[Candidate]:
    fade = 1 / (1 + 0.15 * hunk.age)
    edits: list[Edit] = []
    for change in changes_of(hunk):
        whole = edit_for(text, change, hunk)
        atoms = atoms_of(change)
        if whole is not None:
            edits.append(whole)
            rank = 1.0 if len(atoms) == 1 else 0.9
            yield _undo([whole], hunk.commit, "a change of", rank * fade)
        for atom in atoms:
            edit = edit_for(text, atom, hunk)
            if edit is None:
                continue
            if len(atoms) > 1:
                yield _undo([edit], hunk.commit, "a line of", 0.97 * fade)
            for part in token_edits(text, atom, edit):
                yield _undo([part], hunk.commit, "part of a line of", 0.8 * fade)
    if len(edits) > 1:
        yield _undo(edits, hunk.commit, "a hunk of", 0.75 * fade)
    everything.setdefault(hunk.commit, []).extend(edits)


def _undo(edits: Sequence[Edit], commit: str, what: str, rank: float) -> Candidate:
    name = f"commit {commit[:10]}" if commit else "the suspect change"
    return Candidate(tuple(edits), "revert", f"undo {what} {name}", rank)


def _disjoint(edits: Sequence[Edit]) -> list[Edit]:
    kept: list[Edit] = []
    for edit in edits:
        if all(
            edit.path != other.path or edit.end <= other.start or edit.start >= other.end
            for other in kept
        ):
            kept.append(edit)
    return kept
