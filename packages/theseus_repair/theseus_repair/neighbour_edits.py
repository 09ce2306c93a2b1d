"""Small edits of the code that a fix edited, which the tests should distinguish from the fix."""

import ast
from collections.abc import Iterator
from dataclasses import replace

from theseus_repair.candidates import iterate_single_edits
from theseus_repair.model import Candidate, Crash, SourceEdit, Texts
from theseus_repair.mutants import find_changed_lines
from theseus_repair.operators import View, build_pools
from theseus_repair.operators.attributes import list_siblings
from theseus_repair.soundness import is_sound
from theseus_repair.source import Source, get_header_lines

TRIED = 12  # edits; each takes a run of the tests
STEPS, TIMES = range(1, 9), (2, 3, 10)
_RECKONED = (ast.BinOp, ast.AugAssign, ast.Slice)
HELD, SAME = "condition held", "same value"
NAMES = 6  # for each edited name
_NO_CRASH = Crash("")


def iterate_neighbour_edits(
    before: Texts, fix: Texts, *, inside: bool = False
) -> Iterator[tuple[Candidate, Texts]]:
    """Yield edits of the statements that a fix edited, of alternating kinds, at most `TRIED`.

    With `inside`, only edits of the smallest expression or statement that holds the complete edit.
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
    """Yield edits of the numbers, names and conditions that a fix edited or inserted.

    Other numbers, because a test that passes with `% 8` may pass with `% 11`. A number for a name
    in arithmetic, because it may have that value wherever a test looks. Conditions set to true and
    false, because a condition without which the tests pass is not tested.
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
            is_condition = _is_condition(node, parent)
            for code in ("True", "False") if is_condition else _list_other_numbers(node, parent):
                edit = SourceEdit(path, start, end, code)
                why = f"replace `{text[start:end]}` by `{code}`"
                kind = HELD if is_condition else "constant"
                candidate = Candidate((edit,), kind, why, line=node.lineno)
                files = {**fix, **candidate.apply(fix)}
                if is_sound(files, fix):
                    yield candidate, files


def iterate_value_twins(before: Texts, fix: Texts) -> Iterator[tuple[Candidate, Texts]]:
    """Yield edits that may have the same value as the fix in all tests.

    Other names and attributes for those that were edited or are next to the edit; the square of a
    factor, because 0 and 1 are equal to theirs; the absolute value of an exchanged difference,
    because tests may always put the larger value first; halves rounded up; `None` for empty.
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
        exchanged = f"{view.get_code(node.right)} - {view.get_code(node.left)}"
        return [f"abs({code})"] if exchanged in before and exchanged != code else []
    if isinstance(node, ast.expr) and _is_condition(node, parent):
        return _as_none(node, view)
    if isinstance(node, ast.Call) and view.get_code(node.func) == "round" and len(node.args) == 1:
        return [f"int({view.get_code(node.args[0])} + 0.5)"]  # `round` rounds halves to even
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
    """Return a truth test as a test for `None`, and the other way round."""
    operand, word = node, "is not None"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        operand, word = node.operand, "is None"
    if isinstance(operand, (ast.Name, ast.Attribute, ast.Subscript)):
        return [f"{view.get_code(operand)} {word}"]
    if not isinstance(node, ast.Compare):
        return []
    code, left = view.get_code(node), view.get_code(node.left)
    others = {"is None": f"not {left}", "is not None": left}
    return [other for end, other in others.items() if code.endswith(f" {end}")]


def _is_condition(node: ast.expr, parent: ast.AST | None) -> bool:
    conditions: list[ast.expr] = []
    if isinstance(parent, (ast.If, ast.While, ast.IfExp)):
        conditions = [parent.test]
    elif isinstance(parent, ast.comprehension):
        conditions = parent.ifs
    return node in conditions and not isinstance(node, ast.Constant)


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
    """Return the start and end of the text in `after` that differs from `before`."""
    first = _count_common_prefix(before, after)
    return first, len(after) - _count_common_prefix(before[first:][::-1], after[first:][::-1])


def find_edited_span(before: str, after: str) -> tuple[int, int]:
    """Return the span in `after` of the smallest expression or statement with the complete edit."""
    first, last = _find_edited_range(before, after)
    source = Source("", after)
    spans = [source.get_span(node) for node in ast.walk(source.tree)
             if isinstance(node, (ast.expr, ast.stmt))]  # fmt: skip
    around = [span for span in spans if _is_inside_span(span, first, last)]
    return min(around, key=lambda span: span[1] - span[0], default=(0, len(after)))


def _is_inside_span(span: tuple[int, int] | None, first: int, last: int) -> bool:
    return span is None or (span[0] <= first and last <= span[1])


def _count_common_prefix(one: str, other: str) -> int:
    """Return the length of the common prefix."""
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
    """Return the candidates with alternating kinds, the likelier ones of each kind first."""
    places: dict[str, int] = {}
    rows = []
    for candidate in sorted(candidates, key=lambda each: -each.rank):
        place = places[candidate.kind] = places.get(candidate.kind, 0) + 1
        rows.append((place, -candidate.rank, candidate))
    return [candidate for *_, candidate in sorted(rows, key=lambda row: row[:2])]
