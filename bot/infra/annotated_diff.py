"""A unified diff as people are shown it: every line of its text, and what kind of line it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from theseus_guard.unified_diff import FilePatch, Hunk, parse

Kind = Literal["header", "hunk", "added", "removed", "same", "note"]
"""`header` stands before a file's first hunk, `note` is git's remark within or after one."""

_KINDS: dict[str, Kind] = {"+": "added", "-": "removed", " ": "same"}


class AnnotatedLine(NamedTuple):
    """A line of a diff: its number in the old and in the new file, if it has one, and its text.

    The text of a line in a hunk has no sign; any other line is complete.
    """

    kind: Kind
    old: int | None
    new: int | None
    text: str

    @property
    def sign(self) -> str:
        """Return what git writes before the text of such a line."""
        return next((sign for sign, kind in _KINDS.items() if kind == self.kind), "")


@dataclass(frozen=True)
class AnnotatedFile:
    """One file of a diff with all its lines, the one that names it (`diff --git`) included."""

    patch: FilePatch
    lines: tuple[AnnotatedLine, ...]


def annotate_files(diff: str) -> list[AnnotatedFile]:
    """Return the files of a unified diff with their lines, in order; what is before them is left.

    A line is of a hunk because the hunk's counts say so, whatever it looks like.
    """
    text = diff.removesuffix("\n").split("\n")
    patches = parse(diff)
    ends = [*(patch.place for patch in patches), len(text)][1:]
    return [
        AnnotatedFile(patch, tuple(_annotate_patch(text[patch.place : end], patch)))
        for patch, end in zip(patches, ends, strict=True)
    ]


def annotate_lines(diff: str) -> list[AnnotatedLine]:
    """Return every line of a text that is, or ought to be, a unified diff."""
    files = annotate_files(diff)
    before = files[0].patch.place if files else None
    strays = diff.removesuffix("\n").split("\n")[:before]
    return [
        *(AnnotatedLine("header", None, None, line) for line in strays),
        *(line for file in files for line in file.lines),
    ]


def _annotate_patch(text: Sequence[str], patch: FilePatch) -> list[AnnotatedLine]:
    first = patch.hunks[0].place - patch.place if patch.hunks else len(text)
    lines = [
        AnnotatedLine("header" if at < first else "note", None, None, line)
        for at, line in enumerate(text)
    ]
    for hunk in patch.hunks:
        at = hunk.place - patch.place
        lines[at] = lines[at]._replace(kind="hunk")
        for place, line in _annotate_hunk(hunk):
            if place - patch.place < len(lines):  # a cut hunk counts on past the text's last line
                lines[place - patch.place] = line
    return lines


def _annotate_hunk(hunk: Hunk) -> list[tuple[int, AnnotatedLine]]:
    return [
        (
            line.place,
            AnnotatedLine(
                _KINDS[line.sign],
                line.old if line.sign in " -" else None,
                line.new if line.sign in " +" else None,
                line.text,
            ),
        )
        for line in hunk.numbered_lines
    ]
