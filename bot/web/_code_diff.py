"""A diff as the proposal's page shows it: the old file beside the new one, with highlighted code.

Models write the code, so highlighting is bounded: a few kinds of files, short lines, whole words as
the template escapes them. No text becomes markup here.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from pygments.lexer import Lexer
from pygments.lexers.configs import TOMLLexer
from pygments.lexers.data import JsonLexer, YamlLexer
from pygments.lexers.python import PythonLexer
from pygments.token import Token
from theseus_observe.redaction import redact

from bot.domain.dialogue import Instruction
from bot.infra.annotated_diff import AnnotatedFile, AnnotatedLine, annotate_files
from bot.infra.html_templates import Verbatim

MAX_ROWS = 3_000
"""Rows of all files that the page shows; it says how many it leaves out."""
_LONGEST_LINE = 400  # a longer one is shown without colours
_MOST_COLOURED = 200_000  # characters of a page: longer diffs end without colours
_LEXERS: Mapping[str, type[Lexer]] = {
    ".py": PythonLexer,
    ".pyi": PythonLexer,
    ".yaml": YamlLexer,
    ".yml": YamlLexer,
    ".json": JsonLexer,
    ".toml": TOMLLexer,
}
_COLOURS: Sequence[tuple[Any, str]] = (
    (Token.Comment, "hl-comment"),
    (Token.Literal.String, "hl-string"),
    (Token.Literal.Number, "hl-number"),
    (Token.Keyword, "hl-keyword"),
    (Token.Operator.Word, "hl-keyword"),
    (Token.Name.Tag, "hl-keyword"),
    (Token.Name.Function, "hl-name"),
    (Token.Name.Class, "hl-name"),
    (Token.Name.Decorator, "hl-name"),
    (Token.Name.Builtin, "hl-builtin"),
)

Spans = tuple[tuple[str, Verbatim], ...]
"""The parts of a line: the class of each part's colour, and its text."""


class CodeLine(NamedTuple):
    """One line of one side: its number, its tone (`added`, `removed`, or empty), and its text."""

    number: int
    tone: str
    spans: Spans


class DiffRow(NamedTuple):
    """A row: the lines beside each other, or a note across both (a hunk's header, a rename)."""

    old: CodeLine | None
    new: CodeLine | None
    note: Verbatim | None = None
    comments: tuple[Instruction, ...] = ()


class FileDiff(NamedTuple):
    """One file. `digest` is of its diff, `comments` are on lines that are not shown."""

    path: Verbatim
    added: int
    removed: int
    digest: Verbatim
    rows: tuple[DiffRow, ...]
    cut: int
    comments: tuple[Instruction, ...]


class _Palette:
    """Colours lines as long as its page may take time for that."""

    def __init__(self) -> None:
        self._left = _MOST_COLOURED

    def list_parts(
        self, lines: Sequence[AnnotatedLine], lexer: type[Lexer] | None
    ) -> Sequence[Spans]:
        """Return the parts of one side's lines; plain where colours would cost too much."""
        texts = [line.text for line in lines]
        is_short = max(map(len, texts), default=0) <= _LONGEST_LINE
        total = sum(len(text) + 1 for text in texts)
        if lexer is not None and is_short and total <= self._left:
            self._left -= total
            coloured = _split_tokens("\n".join(texts), lexer)
            if ["".join(text for _, text in spans) for spans in coloured] == texts:
                return coloured  # else the lexer has changed the text
        return [(("", Verbatim(text)),) if text else () for text in texts]


def build_code_diff(diff: str, comments: Iterable[Instruction] = ()) -> tuple[FileDiff, ...]:
    """Return the files of a unified diff side by side, at most `MAX_ROWS` rows of them.

    The diff is redacted before it is split, because a secret can span lines.
    """
    room, files, known, palette = MAX_ROWS, [], tuple(comments), _Palette()
    for file in annotate_files(redact(diff)):
        path, own = file.patch.path, tuple(each for each in known if each.file == file.patch.path)
        rows = [_place_comments(row, own) for row in _build_rows(file, palette)]
        shown = tuple(rows[: max(room, 0)])
        room -= len(rows)
        placed = {each.key for row in shown for each in row.comments}
        files.append(
            FileDiff(
                path=Verbatim(path),
                added=len(file.patch.added_lines),
                removed=len(file.patch.removed_lines),
                digest=Verbatim(_compute_digest(file)),
                rows=shown,
                cut=len(rows) - len(shown),
                comments=tuple(each for each in own if each.key not in placed),
            )
        )
    return tuple(files)


def compute_digests(diff: str) -> Mapping[str, str]:
    """Return the digest of each file's diff, by path, in order."""
    return {file.patch.path: _compute_digest(file) for file in annotate_files(redact(diff))}


def _compute_digest(file: AnnotatedFile) -> str:
    text = "\n".join(f"{line.kind} {line.text}" for line in file.lines)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _place_comments(row: DiffRow, comments: Sequence[Instruction]) -> DiffRow:
    number = row.new.number if row.new else None
    if number is None:
        return row
    return row._replace(comments=tuple(each for each in comments if each.line == number))


def _build_rows(file: AnnotatedFile, palette: _Palette) -> Iterator[DiffRow]:
    lexer = _LEXERS.get(PurePosixPath(file.patch.path).suffix)
    hunk: list[AnnotatedLine] = []
    for line in file.lines:
        if line.kind in ("added", "removed", "same", "note"):
            hunk.append(line)
            continue
        yield from _pair_lines(hunk, lexer, palette)
        hunk = []
        if line.kind == "hunk" or not line.text.startswith(
            ("diff --git ", "index ", "--- ", "+++ ")
        ):
            yield DiffRow(None, None, Verbatim(line.text))
    yield from _pair_lines(hunk, lexer, palette)


def _pair_lines(
    hunk: Sequence[AnnotatedLine], lexer: type[Lexer] | None, palette: _Palette
) -> Iterator[DiffRow]:
    """Yield the rows of a hunk: removed lines stand beside the added lines that follow them."""
    before = [line for line in hunk if line.old is not None]
    after = [line for line in hunk if line.new is not None]
    old = dict(zip((line.old for line in before), palette.list_parts(before, lexer), strict=True))
    new = dict(zip((line.new for line in after), palette.list_parts(after, lexer), strict=True))
    removed: list[CodeLine] = []
    added: list[CodeLine] = []
    for line in hunk:
        if line.kind == "removed" and added:
            yield from _flush(removed, added)
        if line.kind == "removed" and line.old is not None:
            removed.append(CodeLine(line.old, "removed", old[line.old]))
        elif line.kind == "added" and line.new is not None:
            added.append(CodeLine(line.new, "added", new[line.new]))
        else:
            yield from _flush(removed, added)
            if line.old is not None and line.new is not None:
                yield DiffRow(
                    CodeLine(line.old, "", old[line.old]), CodeLine(line.new, "", new[line.new])
                )
            else:
                yield DiffRow(None, None, Verbatim(line.text.removeprefix("\\ ")))
    yield from _flush(removed, added)


def _flush(removed: list[CodeLine], added: list[CodeLine]) -> Iterator[DiffRow]:
    """Yield collected lines beside each other, and empty both lists."""
    yield from (DiffRow(old, new) for old, new in zip_longest(removed, added))
    removed.clear()
    added.clear()


def _split_tokens(text: str, lexer: type[Lexer]) -> Sequence[Spans]:
    """Return the parts of each line of a text; neighbours of one colour are one part."""
    lines: list[list[tuple[str, str]]] = [[]]
    for kind, value in lexer(stripnl=False, ensurenl=False).get_tokens(text):
        colour = _get_colour(kind)
        for place, part in enumerate(value.split("\n")):
            if place:
                lines.append([])
            if part and lines[-1] and lines[-1][-1][0] == colour:
                lines[-1][-1] = (colour, lines[-1][-1][1] + part)
            elif part:
                lines[-1].append((colour, part))
    return [tuple((colour, Verbatim(part)) for colour, part in line) for line in lines]


@cache
def _get_colour(kind: Any) -> str:
    return next((colour for base, colour in _COLOURS if kind in base), "")
