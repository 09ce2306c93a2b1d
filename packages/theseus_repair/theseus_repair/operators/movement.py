"""Statements in the wrong place: in the wrong block or order, once instead of repeatedly."""

import ast
from collections.abc import Iterator

from theseus_repair.model import Candidate, SourceEdit
from theseus_repair.operators._view import View

SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr, ast.Return, ast.Raise,
          ast.Break, ast.Continue, ast.Delete)  # fmt: skip
BLOCKS = (ast.For, ast.AsyncFor, ast.While, ast.If, ast.With, ast.AsyncWith)
LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other places for one simple statement, and `while` for `if`."""
    if isinstance(statement, (ast.If, ast.While)) and not statement.orelse:
        yield from _propose_loop(statement, view)
    if isinstance(statement, ast.If):
        yield from _move_branch_up(statement, view)
    block = _block(statement, view)
    if (
        not isinstance(statement, SIMPLE)
        or statement not in block
        or not _is_movable(statement, view)
    ):
        return
    if getattr(statement, "value", None) in view.source.docstrings:
        return
    at = block.index(statement)
    if at + 1 < len(block):
        yield from _swap_statements(statement, block[at + 1], view)
    if at > 0 and isinstance(block[at - 1], BLOCKS):
        yield from _move_deeper(statement, block[at - 1], view)
    if at == len(block) - 1 and len(block) > 1:
        yield from _move_shallower(statement, view)


def _propose_loop(statement: ast.If | ast.While, view: View) -> Iterator[Candidate]:
    """Yield a loop for a condition whose block changes the condition, and the other way round."""
    code, once = view.get_code(statement), isinstance(statement, ast.If)
    word, other = ("if", "while") if once else ("while", "if")
    tested_names = {node.id for node in ast.walk(statement.test) if isinstance(node, ast.Name)}
    leaves = isinstance(statement.body[-1], LEAVES)
    if not code.startswith(f"{word} ") or (
        once and (leaves or not tested_names & _find_changed_names(statement))
    ):
        return
    start = view.source.get_span(statement)[0]
    edit = SourceEdit(view.source.path, start, start + len(word), other)
    yield view.make(
        [edit], "condition", 0.35 if once else 0.2, f"`{other}` for `{word}`", statement
    )


def _find_changed_names(statement: ast.If | ast.While) -> set[str]:
    """Return the names that a block assigns, or calls a method of."""
    found: set[str] = set()
    for node in (inner for each in statement.body for inner in ast.walk(each)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            root: ast.expr = node.func.value
            while isinstance(root, (ast.Attribute, ast.Subscript)):
                root = root.value
            found.add(getattr(root, "id", ""))
    return found


def _move_branch_up(statement: ast.If, view: View) -> Iterator[Candidate]:
    """Yield an `elif` before the condition it follows, each with its block."""
    after = statement.orelse[0] if len(statement.orelse) == 1 else None
    if not isinstance(after, ast.If) or not view.get_code(after).startswith("elif"):
        return
    if not all(view.source.is_line_start(branch.body[0]) for branch in (statement, after)):
        return
    tests = view.source.get_span(statement.test), view.source.get_span(after.test)
    blocks = _get_span(statement.body, view), _get_span(after.body, view)
    edits = [
        SourceEdit(view.source.path, start, end, view.source.text[slice(*other)])
        for one, two in (tests, blocks)
        for (start, end), other in ((one, two), (two, one))
    ]
    yield view.make(edits, "order", 0.3, f"`{view.brief(after.test)}` first", statement)


def _get_span(block: list[ast.stmt], view: View) -> tuple[int, int]:
    return view.source.get_span(block[0])[0], view.source.get_span(block[-1])[1]


def _block(statement: ast.stmt, view: View) -> list[ast.stmt]:
    parent = view.source.parents.get(statement)
    for name in ("body", "orelse", "finalbody"):
        block = getattr(parent, name, None)
        if isinstance(block, list) and statement in block:
            return block
    return []


def _is_movable(statement: ast.stmt, view: View) -> bool:
    """Return whether a statement has its lines to itself and contains no multi-line string."""
    last = view.source.lines[(statement.end_lineno or statement.lineno) - 1]
    rest = last.encode()[statement.end_col_offset or 0 :].decode(errors="replace").strip()
    code = view.get_code(statement)
    plain = '"""' not in code and "'''" not in code
    return view.source.is_line_start(statement) and plain and (not rest or rest.startswith("#"))


def _get_lines(statement: ast.stmt, view: View) -> tuple[int, int, str]:
    """Return the start and end of a statement's lines, and their text with the line end."""
    start = view.source.get_offset(statement.lineno, 0)
    end_line = statement.end_lineno or statement.lineno
    end = start + sum(len(line) for line in view.source.lines[statement.lineno - 1 : end_line])
    text = view.source.text[start:end]
    return start, end, text if text.endswith("\n") else f"{text}\n"


def _swap_statements(statement: ast.stmt, following: ast.stmt, view: View) -> Iterator[Candidate]:
    if not isinstance(following, SIMPLE) or not _is_movable(following, view):
        return
    if isinstance(following, LEAVES) or isinstance(statement, LEAVES):
        return
    if not _is_order_relevant(statement, following):
        return
    start, middle, one = _get_lines(statement, view)
    next_start, end, other = _get_lines(following, view)
    between = view.source.text[middle:next_start]
    edit = SourceEdit(view.source.path, start, end, other + between + one)
    field = isinstance(statement, ast.AnnAssign) and view.source.find_function(statement) is None
    weight = 0.1 if field else 0.3  # fields in their order are usually passed on purpose
    yield view.make([edit], "order", weight, f"`{view.get_code(following)[:50]}` first", statement)


def _is_order_relevant(one: ast.stmt, other: ast.stmt) -> bool:
    """Return whether the order of two statements may matter: they share a name."""
    names = [{ast.unparse(node) for node in ast.walk(each)
              if isinstance(node, (ast.Name, ast.Attribute))} for each in (one, other)]  # fmt: skip
    return bool((names[0] & names[1]) - {"self"})


def _move_deeper(statement: ast.stmt, block: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the statement as the last one of the block before it."""
    body = getattr(block, "orelse", []) or getattr(block, "body", [])
    bodies = {id(getattr(block, "body", [])): getattr(block, "body", []), id(body): body}
    for statements in bodies.values():
        last = statements[-1]
        if isinstance(last, LEAVES) or last.lineno == block.lineno:
            continue
        if not view.source.is_line_start(last):
            continue
        yield _move_after(statement, last, view, f"move `{_brief(statement, view)}` into the block")


def _move_shallower(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the statement after the block that it ends."""
    parent = view.source.parents.get(statement)
    if isinstance(statement, ast.Return):
        return  # `returns` proposes these
    if isinstance(parent, BLOCKS) and view.source.is_line_start(parent):
        why = f"move `{_brief(statement, view)}` out of the block"
        indent = view.source.get_indent(parent)
        yield _move_after(statement, parent, view, why, indent)


def _move_after(
    statement: ast.stmt, after: ast.stmt, view: View, why: str, indent: str | None = None
) -> Candidate:
    """Return the candidate that moves a statement after another, with the same indent."""
    start, end, text = _get_lines(statement, view)
    old = view.source.get_indent(statement)
    new = view.source.get_indent(after) if indent is None else indent
    lines = [new + line.removeprefix(old) for line in text.splitlines()]
    at = view.source.get_offset(after.end_lineno or after.lineno, after.end_col_offset or 0)
    if after is view.source.parents.get(statement):
        edits = [SourceEdit(view.source.path, start, end, "\n".join(lines) + "\n")]
        return view.make(edits, "place", 0.4, why, statement)
    edits = [
        SourceEdit(view.source.path, at, at, "\n" + "\n".join(lines)),
        SourceEdit(view.source.path, start, end, ""),
    ]
    return view.make(edits, "place", 0.35, why, statement)


def _brief(statement: ast.stmt, view: View) -> str:
    return " ".join(view.get_code(statement).split())[:50]
