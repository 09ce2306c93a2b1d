"""What an approver is given to read, and that it hides nothing of what will be merged.

Everything that leaves passes a redactor. So the text is redacted here as it will be there, and each
added line has to stand in what is left, as it is: a line that would not be shown is not proposed.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

from bot.domain.change import Finding
from bot.infra.unified_diff import FilePatch, parse

Redact = Callable[[str], str]

MOST = 1_000_000
"""Bytes of a diff: nobody reads more. Discord takes files up to ten times as large."""

_OTHER_PATH = (
    "The path would not be shown as it is, because it looks as if it held a secret: nobody can "
    "see which file is changed."
)
_NAMES_FILE = (
    "diff --git ", "--- ", "+++ ", "rename ", "copy ", "Binary files ", "# Not shown: ",
)  # fmt: skip
_MOST_COMPARED = 4_000_000  # pairs of lines


def build_approver_text(diff: str) -> str:
    """Return the diff as an approver is given it, but for secrets: with what it does not show.

    Whoever sends it redacts it.
    """
    missing = [patch for patch in parse(diff) if patch.binary]
    if not missing:
        return diff
    told = "".join(
        f"# Not shown: {ascii(patch.path)[1:-1]} (binary, {patch.status}); read it at the pull "
        "request.\n"
        for patch in missing
    )
    return f"{told}\n{diff}"


def find_hidden_lines(diff: str, patches: Sequence[FilePatch], redact: Redact) -> Iterator[Finding]:
    """Yield that added lines, or too much, would not be shown as they are."""
    if len(diff.encode(errors="replace")) > MOST:
        message = f"The diff is larger than {MOST:,} bytes: nobody reads that."
        yield Finding(rule="size", path="", message=message, blocking=True)
        return
    text = build_approver_text(diff)
    shown = redact(text)
    if shown == text:
        return
    ahead = text.count("\n") - diff.count("\n")  # lines that stand before the diff
    lost = set(_find_lost_lines(text, shown, patches, redact, ahead))
    for patch in patches:
        if any(redact(path) != path for path in (patch.path, patch.old_path)):
            yield Finding(rule="secret", path=patch.path, message=_OTHER_PATH, blocking=True)
    if _has_lost_paths(lost, text, patches, ahead):
        yield Finding(rule="secret", path="", message=_OTHER_PATH, blocking=True)
    for patch in patches:
        unseen = [line.new for line in patch.numbered_lines if line.place + ahead in lost]
        if unseen:
            message = (
                f"Line {_format_numbers(unseen)}: would not be shown as it is, because it looks as if it "
                "held a secret. What nobody can read is not proposed."
            )
            yield Finding(rule="secret", path=patch.path, message=message, blocking=True)
    if lost.isdisjoint(line.place + ahead for patch in patches for line in patch.numbered_lines):
        message = (
            "Lines that are taken out, or stay as they are, look as if they held a secret: the "
            "diff does not show them."
        )
        yield Finding(rule="secret", path="", message=message, blocking=False)


def _has_lost_paths(
    lost: Collection[int], text: str, patches: Sequence[FilePatch], offset: int
) -> bool:
    """Whether a line that names a file, which none within a hunk does, is not shown as it is."""
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
    """Yield the places of the lines that do not stand in what is shown as they are.

    Hunk by hunk, where redacting each apart comes to the same; else all at once.
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
    """Yield the places of lines that do not stand in what is left, in their order."""
    most = min(len(lines), len(left))
    ahead = next((n for n in range(most) if lines[n] != left[n]), most)
    behind = next((n for n in range(most - ahead) if lines[-1 - n] != left[-1 - n]), most - ahead)
    middle, there = lines[ahead : len(lines) - behind], left[ahead : len(left) - behind]
    kept: set[int] = set()
    if len(middle) * len(there) <= _MOST_COMPARED:  # else none of them is believed to be there
        for block in SequenceMatcher(None, middle, there, autojunk=False).get_matching_blocks():
            kept |= set(range(block.a, block.a + block.size))
    yield from (ahead + place for place in range(len(middle)) if place not in kept)
