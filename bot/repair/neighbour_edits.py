"""Small edits of what a fix edited: what the tests ought to tell from it."""

import ast
from collections.abc import Iterator
from dataclasses import replace

from bot.repair.candidates import iterate_single_edits
from bot.repair.model import Candidate, Crash, SourceEdit, Texts
from bot.repair.mutants import find_changed_lines
from bot.repair.operators import View, build_pools
from bot.repair.operators.attributes import list_siblings
from bot.repair.soundness import is_sound
from bot.repair.source import Source, get_header_lines

TRIED = 12
STEPS, TIMES = range(1, 9), (2, 3, 10)
_RECKONED = (ast.BinOp, ast.AugAssign, ast.Slice)
HELD, SAME = "condition held", "same value"
NAMES = 6  # for each of those that were edited
_NO_CRASH = Crash("")


def iterate_neighbour_edits(
    before: Texts, fix: Texts, *, inside: bool = False
) -> Iterator[tuple[Candidate, Texts]]:
    """Yield edits of the statements that a fix edited, of as many kinds as there are; `TRIED` of
    them at most.

    With `inside` only of the smallest expression, or statement, that holds all that it edited.
    """
    own = {path: before[path] for path in fix}
    seen = {tuple(sorted(fix.items())), tuple(sorted(own.items()))}
    spans = {path: find_edited_span(before[path], text) for path, text in fix.items() if inside}
    for candidate in _interleave_kinds(list(_iterate_candidates(before, fix))):
        if not all(
            _is_inside_span(spans.get(edit.path), edit.start, edit.end) for edit in candidate.edits
        ):
            continue
        files = {**fix, **candidate.apply(fix)}
        mark = tuple(sorted(files.items()))
        if mark not in seen and is_sound(files, fix):
            seen.add(mark)
            yield candidate, files
        if len(seen) > TRIED + 1:
            return


def iterate_other_values(before: Texts, fix: Texts) -> Iterator[tuple[Candidate, Texts]]:
    """Yield edits of the numbers, names and conditions that a fix edited or put in.

    Other numbers, for a test that `% 8` passes may well pass with `% 11`. A number for a name that
    is reckoned with, for it may have the same value wherever a test looks. And conditions held true
    and held false: one that the tests pass without decides nothing that they look at.
    """
    for path, text in fix.items():
        first, last = _find_edited_range(before[path], text)
        source = Source(path, text)
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.expr) or node in source.annotations:
                continue
            start, end = source.get_span(node)
            if not (start <= last and first <= end):
                continue
            parent = source.parents.get(node)
            held = _is_condition(node, parent)
            for code in ("True", "False") if held else _list_other_numbers(node, parent):
                edit = SourceEdit(path, start, end, code)
                why = f"replace `{text[start:end]}` by `{code}`"
                kind = HELD if held else "constant"
                candidate = Candidate((edit,), kind, why, line=node.lineno)
                files = {**fix, **candidate.apply(fix)}
                if is_sound(files, fix):
                    yield candidate, files


def iterate_value_twins(before: Texts, fix: Texts) -> Iterator[tuple[Candidate, Texts]]:
    """Yield what may have the same value as what a fix edited, wherever a test looks at it.

    Other names and attributes for those that were edited, or stand beside what was; the square of
    what is reckoned with, for 0 and 1 are theirs; the size of a difference whose sides were
    exchanged, for tests may give the larger one first each time; halves rounded upwards; `None` for
    nothing there.
    """
    for path, text in fix.items():
        first, last = _find_edited_range(before[path], text)
        source = Source(path, text)
        view = View(source, _NO_CRASH, build_pools([source]))
        for node in ast.walk(source.tree):
            start, end = source.get_span(node) if isinstance(node, ast.expr) else (0, -1)
            if not (start <= last and first <= end) or node in source.annotations:
                continue
            for code in _list_twins(node, before[path], view):
                why = f"replace `{text[start:end]}` by `{code}`"
                candidate = Candidate((SourceEdit(path, start, end, code),), SAME, why)
                candidate = replace(candidate, line=getattr(node, "lineno", 0))
                files = {**fix, **candidate.apply(fix)}
                if files[path] != before[path] and is_sound(files, fix):
                    yield candidate, files


def _list_twins(node: ast.AST, before: str, view: View) -> list[str]:
    parent, code = view.source.parents.get(node), view.get_code(node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
        turned = f"{view.get_code(node.right)} - {view.get_code(node.left)}"
        return [f"abs({code})"] if turned in before and turned != code else []
    if isinstance(node, ast.expr) and _is_condition(node, parent):
        return _as_none(node, view)
    if isinstance(node, ast.Call) and view.get_code(node.func) == "round" and len(node.args) == 1:
        return [f"int({view.get_code(node.args[0])} + 0.5)"]  # half a number is rounded to even
    if view.source.is_called(node) or not isinstance(getattr(node, "ctx", None), ast.Load):
        return []
    squared = [f"{code} ** 2"] if isinstance(parent, _RECKONED) else []
    if isinstance(node, ast.Name) and not isinstance(parent, ast.Attribute):
        names = [name for name in view.list_names_before(node) if name != node.id]
        return [*squared, *names[-NAMES:]]
    if isinstance(node, ast.Attribute):
        names = list_siblings(node, view)[:NAMES]
        return [*squared, *(f"{view.get_code(node.value)}.{name}" for name in names)]
    return []


def _as_none(node: ast.expr, view: View) -> list[str]:
    """Return the condition asked of `None` instead of anything empty, and the other way round."""
    asked, word = node, "is not None"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        asked, word = node.operand, "is None"
    if isinstance(asked, (ast.Name, ast.Attribute, ast.Subscript)):
        return [f"{view.get_code(asked)} {word}"]
    if not isinstance(node, ast.Compare):
        return []
    code, left = view.get_code(node), view.get_code(node.left)
    others = {"is None": f"not {left}", "is not None": left}
    return [other for end, other in others.items() if code.endswith(f" {end}")]


def _is_condition(node: ast.expr, parent: ast.AST | None) -> bool:
    asked: list[ast.expr] = []
    if isinstance(parent, (ast.If, ast.While, ast.IfExp)):
        asked = [parent.test]
    elif isinstance(parent, ast.comprehension):
        asked = parent.ifs
    return node in asked and not isinstance(node, ast.Constant)


def _list_other_numbers(node: ast.expr, parent: ast.AST | None) -> list[str]:
    if isinstance(node, ast.Name) and isinstance(parent, _RECKONED):
        return ["0", "1", "2"]
    value = node.value if isinstance(node, ast.Constant) else None
    if type(value) is not int and type(value) is not float:
        return []
    steps = [value + sign * step for step in STEPS for sign in (1, -1)]
    others = dict.fromkeys([*steps, *(value * by for by in TIMES), value // 2, 0 * value])
    return [f"({each!r})" if each < 0 else repr(each) for each in others if each != value]


def _find_edited_range(before: str, after: str) -> tuple[int, int]:
    """Return where `after` is not as `before`: from where, and up to where."""
    first = _count_common_prefix(before, after)
    return first, len(after) - _count_common_prefix(before[first:][::-1], after[first:][::-1])


def find_edited_span(before: str, after: str) -> tuple[int, int]:
    """Return where in `after` the smallest expression or statement is that holds all edited."""
    first, last = _find_edited_range(before, after)
    source = Source("", after)
    spans = [source.get_span(node) for node in ast.walk(source.tree)
             if isinstance(node, (ast.expr, ast.stmt))]  # fmt: skip
    around = [span for span in spans if _is_inside_span(span, first, last)]
    return min(around, key=lambda span: span[1] - span[0], default=(0, len(after)))


def _is_inside_span(span: tuple[int, int] | None, first: int, last: int) -> bool:
    return span is None or (span[0] <= first and last <= span[1])


def _count_common_prefix(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _iterate_candidates(before: Texts, fix: Texts) -> Iterator[Candidate]:
    for path, text in fix.items():
        source, lines = Source(path, text), find_changed_lines(before[path], text)
        view = View(source, _NO_CRASH, build_pools([source]))
        for node in ast.walk(source.tree):
            if isinstance(node, ast.stmt) and lines & set(get_header_lines(node)):
                yield from iterate_single_edits(node, view)


def _interleave_kinds(candidates: list[Candidate]) -> list[Candidate]:
    """Return them so that the kinds take turns, the likelier ones of each first."""
    places: dict[str, int] = {}
    rows = []
    for candidate in sorted(candidates, key=lambda each: -each.rank):
        place = places[candidate.kind] = places.get(candidate.kind, 0) + 1
        rows.append((place, -candidate.rank, candidate))
    return [candidate for *_, candidate in sorted(rows, key=lambda row: row[:2])]
