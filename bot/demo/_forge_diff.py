"""A diff as the forge's pages show it: a table a file, with the numbers of lines."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from theseus_observe.redaction import redact

from bot.infra.annotated_diff import AnnotatedFile, annotate_files
from bot.infra.html_templates import Verbatim

MAX_LINES = 4000
"""Lines of a diff that stand on a page; the rest is a download away."""

_NAMES_FILE = ("diff --git ", "index ", "--- ", "+++ ")


class ForgeDiffRow(NamedTuple):
    """A line with its sign: its kind (`hunk`, `added`, `removed`, `same`, `note`), and numbers."""

    kind: str
    old: int | None
    new: int | None
    text: Verbatim


class FileView(NamedTuple):
    """One file: lines added and removed in all, the rows shown, and how many rows are not."""

    name: str
    added: int
    removed: int
    lines: tuple[ForgeDiffRow, ...]
    cut: int


@dataclass(frozen=True)
class ForgeDiffView:
    """The files of a diff, in order."""

    files: tuple[FileView, ...]

    @property
    def added_count(self) -> int:
        """Lines added."""
        return sum(file.added for file in self.files)

    @property
    def removed_count(self) -> int:
        """Lines removed."""
        return sum(file.removed for file in self.files)


def build_diff_view(diff: str) -> ForgeDiffView:
    """Return the rows of a unified diff of git, at most `MAX_LINES` of them.

    The diff is redacted before it is split, because a secret can span lines.
    """
    room, files = MAX_LINES, []
    for file in annotate_files(redact(diff)):
        rows = tuple(_build_rows(file))
        shown = rows[: max(room, 0)]
        room -= len(rows)
        patch = file.patch
        counts = len(patch.added_lines), len(patch.removed_lines)
        files.append(FileView(patch.path, *counts, shown, len(rows) - len(shown)))
    return ForgeDiffView(tuple(files))


def _build_rows(file: AnnotatedFile) -> Iterator[ForgeDiffRow]:
    for line in file.lines:
        if line.kind in ("header", "note"):
            if line.kind == "note" or not line.text.startswith(_NAMES_FILE):
                yield ForgeDiffRow("note", None, None, Verbatim(line.text.removeprefix("\\ ")))
        else:
            yield ForgeDiffRow(line.kind, line.old, line.new, Verbatim(line.sign + line.text))
