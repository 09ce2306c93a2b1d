"""Builds the text of a diff that an approver reads, and finds changed lines that it would not show.

Every text that leaves the bot passes a redactor. The text is therefore redacted here in the same
way, and each added line has to survive unchanged: a line that would not be shown is not proposed.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from theseus_guard.records import Finding
from theseus_guard.unified_diff import FilePatch, parse

Redact = Callable[[str], str]

MOST = 1_000_000
"""Bytes of the largest diff, more than anyone reads. Discord accepts files ten times as large."""

_OTHER_PATH = (
    "The path looks like a secret, so it would be shown redacted and no one could see which file "
    "is changed."
)
_NAMES_FILE = (
    "diff --git ", "--- ", "+++ ", "rename ", "copy ", "Binary files ", "# Not shown: ",
)  # fmt: skip
_MOST_COMPARED = 4_000_000  # pairs of lines


def build_approver_text(diff: str) -> str:
    """Return the diff for the approver, preceded by a list of the binary files that it cannot show.

    The caller that sends the text redacts it.
    """
    missing = [patch for patch in parse(diff) if patch.binary]
    if not missing:
        return diff
    note = "".join(
        f"# Not shown: {ascii(patch.path)[1:-1]} (binary, {patch.status}); read it at the pull "
        "request.\n"
        for patch in missing
    )
    return f"{note}\n{diff}"


def find_hidden_lines(diff: str, patches: Sequence[FilePatch], redact: Redact) -> Iterator[Finding]:
    """Yield findings if the diff is too large, or if the redactor would change lines or paths."""
    if len(diff.encode(errors="replace")) > MOST:
        message = f"The diff is larger than {MOST:,} bytes, which is too long to review."
        yield Finding(rule="size", path="", message=message, blocking=True)
        return
    text = build_approver_text(diff)
    shown = redact(text)
    if shown == text:
        return
    offset = text.count("\n") - diff.count("\n")  # lines of the note before the diff
    lost = set(_find_lost_lines(text, shown, patches, redact, offset))
    for patch in patches:
        if any(redact(path) != path for path in (patch.path, patch.old_path)):
            yield Finding(rule="secret", path=patch.path, message=_OTHER_PATH, blocking=True)
    if _has_lost_paths(lost, text, patches, offset):
        yield Finding(rule="secret", path="", message=_OTHER_PATH, blocking=True)
    for patch in patches:
        unseen = [line.new for line in patch.numbered_lines if line.place + offset in lost]
        if unseen:
            message = (
                f"Line {_format_numbers(unseen)}: looks like a secret, so it would be shown "
                "redacted. I do not propose lines that no one can read."
            )
            yield Finding(rule="secret", path=patch.path, message=message, blocking=True)
    if lost.isdisjoint(line.place + offset for patch in patches for line in patch.numbered_lines):
        message = "Removed or unchanged lines look like secrets, so the diff shows them redacted."
        yield Finding(rule="secret", path="", message=message, blocking=False)


def _has_lost_paths(
    lost: Collection[int], text: str, patches: Sequence[FilePatch], offset: int
) -> bool:
    """Return whether the redactor changed a line outside all hunks that names a file."""
    within = {
        place + offset for patch in patches for hunk in patch.hunks
        for place in range(hunk.place, hunk.end)
    }  # fmt: skip
    lines = text.split("\n")
    return any(lines[place].startswith(_NAMES_FILE) for place in lost if place not in within)


def _format_numbers(numbers: Sequence[int]) -> str:
    few = ", ".join(str(number) for number in numbers[:5])
    return f"{few} and {len(numbers) - 5} more" if len(numbers) > 5 else few


def _find_lost_lines(
    text: str, displayed: str, patches: Sequence[FilePatch], redact: Redact, offset: int
) -> Iterator[int]:
    """Yield the numbers of the lines of `text` that `displayed` does not show unchanged.

    Compares hunk by hunk if redacting each hunk alone gives the same text; otherwise all at once.
    """
    lines = text.split("\n")
    ends = {edge + offset for patch in patches for hunk in patch.hunks
            for edge in (hunk.place, hunk.end)} | {0, len(lines)}  # fmt: skip
    edges = sorted(edge for edge in ends if edge <= len(lines))
    pieces = [(first, lines[first:last]) for first, last in pairwise(edges)]
    redacted = [redact("\n".join(piece)) for _, piece in pieces]
    if "\n".join(redacted) != displayed or redact(displayed) != displayed:
        pieces, redacted = [(0, lines)], [redact(displayed)]
    for (first, piece), left in zip(pieces, redacted, strict=True):
        yield from (first + place for place in _find_unmatched(piece, left.split("\n")))


def _find_unmatched(lines: Sequence[str], left: Sequence[str]) -> Iterator[int]:
    """Yield the indices of `lines` that `left` does not contain in the same order."""
    most = min(len(lines), len(left))
    # The common start and end are cut off first, because `SequenceMatcher` is quadratic.
    start = next((n for n in range(most) if lines[n] != left[n]), most)
    end = next((n for n in range(most - start) if lines[-1 - n] != left[-1 - n]), most - start)
    middle, remaining = lines[start : len(lines) - end], left[start : len(left) - end]
    matched: set[int] = set()
    if len(middle) * len(remaining) <= _MOST_COMPARED:  # otherwise every line counts as lost
        matcher = SequenceMatcher(None, middle, remaining, autojunk=False)
        for block in matcher.get_matching_blocks():
            matched |= set(range(block.a, block.a + block.size))
    yield from (start + index for index in range(len(middle)) if index not in matched)
