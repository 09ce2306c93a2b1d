"""Small edits of what a fix edited: what the tests ought to tell from it."""

import ast
from collections.abc import Iterator

from bot.repair.candidates import single_edits
from bot.repair.model import Candidate, Crash, Texts
from bot.repair.mutants import changed_lines
from bot.repair.operators import View, pools_of
from bot.repair.search import sound
from bot.repair.source import Source, header_lines

TRIED = 12
_NO_CRASH = Crash("")


def edits_beside(
    before: Texts, fix: Texts, *, inside: bool = False
) -> Iterator[tuple[Candidate, Texts]]:
    """Yield edits of the statements that a fix edited, of as many kinds as there are; `TRIED` of
    them at most.

    With `inside` only of the smallest expression, or statement, that holds all that it edited.
    """
    own = {path: before[path] for path in fix}
    seen = {tuple(sorted(fix.items())), tuple(sorted(own.items()))}
    spans = {path: edited_span(before[path], text) for path, text in fix.items() if inside}
    for candidate in _mixed(list(_candidates(before, fix))):
        if not all(_holds(spans.get(edit.path), edit.start, edit.end) for edit in candidate.edits):
            continue
        files = {**fix, **candidate.apply(fix)}
        mark = tuple(sorted(files.items()))
        if mark not in seen and sound(files, fix):
            seen.add(mark)
            yield candidate, files
        if len(seen) > TRIED + 1:
            return


def edited_span(before: str, after: str) -> tuple[int, int]:
    """Return where in `after` the smallest expression or statement is that holds all edited."""
    first = _alike(before, after)
    last = len(after) - _alike(before[first:][::-1], after[first:][::-1])
    source = Source("", after)
    spans = [source.span(node) for node in ast.walk(source.tree)
             if isinstance(node, (ast.expr, ast.stmt))]  # fmt: skip
    around = [span for span in spans if _holds(span, first, last)]
    return min(around, key=lambda span: span[1] - span[0], default=(0, len(after)))


def _holds(span: tuple[int, int] | None, first: int, last: int) -> bool:
    return span is None or (span[0] <= first and last <= span[1])


def _alike(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _candidates(before: Texts, fix: Texts) -> Iterator[Candidate]:
    for path, text in fix.items():
        source, lines = Source(path, text), changed_lines(before[path], text)
        view = View(source, _NO_CRASH, pools_of([source]))
        for node in ast.walk(source.tree):
            if isinstance(node, ast.stmt) and lines & set(header_lines(node)):
                yield from single_edits(node, view)


def _mixed(candidates: list[Candidate]) -> list[Candidate]:
    """Return them so that the kinds take turns, the likelier ones of each first."""
    places: dict[str, int] = {}
    rows = []
    for candidate in sorted(candidates, key=lambda each: -each.rank):
        place = places[candidate.kind] = places.get(candidate.kind, 0) + 1
        rows.append((place, -candidate.rank, candidate))
    return [candidate for *_, candidate in sorted(rows, key=lambda row: row[:2])]
