"""Wrong arithmetic: other operators, off-by-one errors, operands in the wrong order."""

import ast
from collections.abc import Iterator
from functools import partial

from theseus_repair.model import Candidate, SourceEdit
from theseus_repair.operators._view import View
from theseus_repair.source import get_called_name

SWAPS: dict[type[ast.operator], tuple[str, tuple[tuple[str, float], ...]]] = {
    ast.Add: ("+", (("-", 0.8), ("*", 0.45), ("|", 0.1))),
    ast.Sub: ("-", (("+", 0.8), ("*", 0.3), ("%", 0.25), ("//", 0.2))),
    ast.Mult: ("*", (("+", 0.55), ("**", 0.4), ("/", 0.45), ("//", 0.2), ("-", 0.15))),
    ast.MatMult: ("@", (("*", 0.5),)),
    ast.Div: ("/", (("//", 0.75), ("*", 0.6), ("%", 0.25), ("-", 0.15))),
    ast.FloorDiv: ("//", (("/", 0.75), ("%", 0.7), ("*", 0.3), ("-", 0.15))),
    ast.Mod: ("%", (("//", 0.7), ("/", 0.35), ("*", 0.25), ("-", 0.15))),
    ast.Pow: ("**", (("*", 0.75), ("+", 0.3), ("-", 0.2), ("//", 0.15))),
    ast.BitAnd: ("&", (("|", 0.75), ("^", 0.6), ("-", 0.3), ("+", 0.25), ("%", 0.2), ("*", 0.2))),
    ast.BitOr: ("|", (("&", 0.75), ("^", 0.6), ("+", 0.35), ("%", 0.2), ("-", 0.2), ("*", 0.2))),
    ast.BitXor: ("^", (("&", 0.75), ("|", 0.65), ("**", 0.6), ("+", 0.3), ("-", 0.3), ("*", 0.3))),
    ast.LShift: ("<<", ((">>", 0.75), ("*", 0.2), ("+", 0.2), ("-", 0.2), ("**", 0.2))),
    ast.RShift: (">>", (("<<", 0.75), ("//", 0.3), ("*", 0.2), ("+", 0.2), ("-", 0.2))),
}
BOUNDING = {"min", "max", "round", "int", "abs"}
WHY = "count from one, not from zero"
DEEPEST = 2  # calls in calls
SUMS, PRODUCTS = (ast.Add, ast.Sub), (ast.Mult, ast.Div, ast.FloorDiv)
SIGNS = {ast.USub: (("", 0.4),), ast.UAdd: (("-", 0.5),), ast.Invert: (("-", 0.5), ("not ", 0.4))}
UNSUPPORTED = "unsupported operand type(s) for {}: "
ORDERED = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow)
COUNTING = (ast.Name, ast.Attribute, ast.Call, ast.Subscript)
SIMPLE = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant)


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other arithmetic for one statement."""
    if isinstance(statement, ast.AugAssign):
        yield from _propose_augmented_operators(statement, view)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        edit = view.source.replace_between(statement.targets[0], statement.value, "=", "+=")
        if edit is not None and not isinstance(statement.targets[0], (ast.Tuple, ast.List)):
            yield view.make(
                [edit], "arithmetic", 0.3, "add to it instead of replacing it", statement
            )
        yield from _propose_accumulation(statement, statement.targets[0], view)
    for node in view.iterate_nodes(statement):
        yield from _propose_for_expression(node, view)


def _propose_for_expression(node: ast.expr, view: View) -> Iterator[Candidate]:
    if isinstance(node, ast.BinOp):
        yield from _propose_operators(node, view)
        yield from _move_in(node, view)
    elif isinstance(node, ast.Call):
        yield from _move_out(node, view)
    elif isinstance(node, ast.UnaryOp):
        for sign, weight in SIGNS.get(type(node.op), ()):
            yield view.put(node, sign + view.get_code(node.operand), "arithmetic", weight)
    if isinstance(node, (*COUNTING, ast.BinOp)):
        yield from _propose_off_by_one(node, view)
    if isinstance(node, (ast.Name, ast.ListComp, ast.List)):
        yield from _propose_lost_operand(node, view)
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        yield from _propose_descending(node, view)


def _propose_descending(node: ast.expr, view: View) -> Iterator[Candidate]:
    """Yield the negative of a numeric sort key: `key=lambda x: -x.n`."""
    inner, parent = node, view.source.parents.get(node)
    if isinstance(parent, ast.Tuple):
        inner, parent = parent, view.source.parents.get(parent)
    if isinstance(parent, ast.Lambda) and parent.body is inner:
        yield view.put(node, f"-{view.get_code(node)}", "arithmetic", 0.4)


def _propose_accumulation(
    statement: ast.Assign, target: ast.expr, view: View
) -> Iterator[Candidate]:
    """Yield an assignment that adds to the earlier value of a key: `d[k] = d.get(k, 0) + n`."""
    if not isinstance(target, ast.Subscript) or isinstance(target.slice, ast.Slice):
        return
    value, code = statement.value, view.get_code(target.value)
    written = isinstance(value, (ast.Constant, ast.Name, ast.Attribute, ast.Call, ast.Subscript))
    if written and "\n" not in view.get_code(value):
        before = f"{code}.get({view.get_code(target.slice)}, 0)"
        yield view.put(value, f"{before} + {view.get_code(value)}", "arithmetic", 0.35)
    if isinstance(value, ast.List) and len(value.elts) == 1:
        item = view.get_code(value.elts[0])
        text = f"{code}.setdefault({view.get_code(target.slice)}, []).append({item})"
        yield view.put(statement, text, "arithmetic", 0.35)


def _propose_lost_operand(node: ast.expr, view: View) -> Iterator[Candidate]:
    """Yield a value with a local added or subtracted, which may have been forgotten."""
    parent = view.source.parents.get(node)
    code = view.get_code(node)
    if "\n" in code:
        return
    if isinstance(node, (ast.ListComp, ast.List)) and isinstance(parent, (ast.Return, ast.Assign)):
        for name in view.list_names_before(node)[:5]:
            yield view.put(node, f"{name} + {code}", "operand", 0.25)
    counted = isinstance(parent, (ast.Call, ast.Subscript, ast.Slice, ast.Return))
    if isinstance(node, ast.Name) and counted and getattr(parent, "func", None) is not node:
        partners = _find_compared_names(node, view)
        others = [name for name in reversed(view.list_names_before(node)) if name != node.id]
        for name in [*partners, *(name for name in others if name not in partners)][:6]:
            scale = 1.6 if name in partners else 1.0
            for sign, weight in (("-", 0.17), ("+", 0.16)):
                text = view.add_parentheses(node, f"{code} {sign} {name}")
                yield view.put(node, text, "operand", weight * scale)


def _find_compared_names(node: ast.Name, view: View) -> list[str]:
    """Return the names that a name is compared with in its function: similar quantities."""
    function = view.source.find_function(node)
    found: list[str] = []
    for inner in ast.walk(function) if function else ():
        if isinstance(inner, ast.Compare):
            names = [side.id for side in (inner.left, *inner.comparators)
                     if isinstance(side, ast.Name)]  # fmt: skip
            found += [name for name in names if node.id in names and name != node.id]
    return list(dict.fromkeys(found))


def _propose_augmented_operators(statement: ast.AugAssign, view: View) -> Iterator[Candidate]:
    old, others = SWAPS[type(statement.op)]
    for new, weight in (*others, ("", 0.3)):
        edit = view.source.replace_between(statement.target, statement.value, f"{old}=", f"{new}=")
        if edit is not None:
            why = f"`{new}=` instead of `{old}=`"
            yield view.make([edit], "arithmetic", weight, why, statement)


def _propose_operators(node: ast.BinOp, view: View) -> Iterator[Candidate]:
    old, others = SWAPS[type(node.op)]
    if isinstance(node.op, ast.Mod) and isinstance(node.left, (ast.JoinedStr, ast.Constant)):
        return
    refused = view.is_at_crash(node) and view.has_crash_text(UNSUPPORTED.format(old))
    for new, weight in others:
        edit = view.source.replace_between(node.left, node.right, old, new)
        if edit is not None:
            why = f"`{new}` instead of `{old}` in `{view.get_code(node)[:60]}`"
            yield view.make([edit], "arithmetic", max(weight, 0.7 * refused), why, node)
    left, right = view.get_code(node.left), view.get_code(node.right)
    if isinstance(node.op, ast.Sub):
        yield view.put(node, f"abs({left} - {right})", "arithmetic", 0.2)
    if isinstance(node.op, ast.FloorDiv) and isinstance(node.left, SIMPLE):
        yield view.put(node, f"-(-{left} // {right})", "arithmetic", 0.5)
    yield from _propose_one_based(node, view)
    lists = [each for each in (node.left, node.right) if isinstance(each, (ast.List, ast.ListComp))]
    if isinstance(node.op, ast.Add) and lists:
        yield view.put(node, f"{right} + {left}", "operand", 0.35)
    if isinstance(node.op, (*ORDERED, ast.Add)) and isinstance(node.left, SIMPLE):
        weight = 0.5 if isinstance(node.op, ORDERED) else 0.2
        if isinstance(node.right, SIMPLE):
            edits = [view.source.replace(node.left, right), view.source.replace(node.right, left)]
            yield view.make(edits, "arithmetic", weight, f"swap `{left}` and `{right}`", node)
    for text, weight in _regroup(node, view):
        yield view.put(node, view.add_parentheses(node, text), "arithmetic", weight)
    one = isinstance(node.right, ast.Constant) and node.right.value == 1
    yield view.put(node, left, "off by one" if one else "operand", 0.7 if one else 0.22)
    yield view.put(node, right, "operand", 0.18)


def _propose_one_based(node: ast.BinOp, view: View) -> Iterator[Candidate]:
    """Yield the same calculation for a number counted from one, as months: `(n - 1) % 12 + 1`.

    If the function also uses the quotient of the same numbers, that is edited too.
    """
    if not isinstance(node.op, (ast.Mod, ast.FloorDiv)) or not isinstance(node.left, SIMPLE):
        return
    if not isinstance(node.right, (ast.Constant, ast.Name)):
        return
    yield view.make([_from_one(node, view)], "off by one", 0.3, WHY, node)
    function = view.source.find_function(node)
    for other in ast.walk(function) if function and isinstance(node.op, ast.Mod) else ():
        if isinstance(other, ast.BinOp) and isinstance(other.op, ast.FloorDiv):
            same = (ast.dump(other.left), ast.dump(other.right))
            if same == (ast.dump(node.left), ast.dump(node.right)):
                both = [_from_one(node, view), _from_one(other, view)]
                yield view.make(both, "off by one", 0.3, WHY, node)


def _from_one(node: ast.BinOp, view: View) -> SourceEdit:
    before, number = f"({view.get_code(node.left)} - 1)", view.get_code(node.right)
    if isinstance(node.op, ast.FloorDiv):
        return view.source.replace(node, f"{before} // {number}")
    return view.source.replace(node, view.add_parentheses(node, f"{before} % {number} + 1"))


def _format_operand(part: ast.expr, view: View) -> str:
    return view.get_code(part) if isinstance(part, SIMPLE) else f"({view.get_code(part)})"


def _regroup(node: ast.BinOp, view: View) -> Iterator[tuple[str, float]]:
    """Yield the same operands with sums before products, or products before sums."""
    code = partial(_format_operand, view=view)
    sign, left, right = SWAPS[type(node.op)][0], node.left, node.right
    if isinstance(node.op, SUMS) and isinstance(left, ast.BinOp) and isinstance(left.op, PRODUCTS):
        first, second, by = code(left.left), code(left.right), SWAPS[type(left.op)][0]
        yield f"({first} {sign} {code(right)}) {by} {second}", 0.35
        yield f"{first} {by} ({second} {sign} {code(right)})", 0.3
    if (
        isinstance(node.op, SUMS)
        and isinstance(right, ast.BinOp)
        and isinstance(right.op, PRODUCTS)
    ):
        by = SWAPS[type(right.op)][0]
        yield f"({code(left)} {sign} {code(right.left)}) {by} {code(right.right)}", 0.35
    if isinstance(node.op, PRODUCTS) and isinstance(left, ast.BinOp) and isinstance(left.op, SUMS):
        inner = SWAPS[type(left.op)][0]
        yield f"{code(left.left)} {inner} {code(left.right)} {sign} {code(right)}", 0.3
        yield f"{code(left.left)} {sign} {code(right)} {inner} {code(left.right)}", 0.25


def _move_out(node: ast.Call, view: View) -> Iterator[Candidate]:
    """Yield a part of a sum or product moved out of a call's argument: `min(a, most) + b`."""
    bounds = get_called_name(node) in BOUNDING
    for operation, depth in _find_argument_operations(node):
        if not isinstance(operation.op, (*SUMS, *PRODUCTS)) or (bounds and depth):
            continue
        sides, sign = (operation.left, operation.right), SWAPS[type(operation.op)][0]
        start, code = view.source.get_span(node)[0], view.get_code(node)
        first, last = (offset - start for offset in view.source.get_span(operation))
        for part in sides if bounds else sides[:1]:
            inner = f"{code[:first]}{view.get_code(part)}{code[last:]}"
            operands = [inner if side is part else _format_operand(side, view) for side in sides]
            text = view.add_parentheses(node, f" {sign} ".join(operands))
            yield view.put(node, text, "arithmetic", 0.2 if bounds else 0.1)


def _find_argument_operations(node: ast.Call, path: int = 0) -> Iterator[tuple[ast.BinOp, int]]:
    """Yield sums and products in a call's arguments, or in nested calls, with their depth."""
    for argument in node.args:
        if isinstance(argument, ast.BinOp):
            yield argument, path
        elif isinstance(argument, ast.Call) and path < DEEPEST:
            yield from _find_argument_operations(argument, path + 1)


def _move_in(node: ast.BinOp, view: View) -> Iterator[Candidate]:
    """Yield the right side moved into the call that bounds the left one: `min(a + b, most)`."""
    left = node.left
    if not isinstance(node.op, (*SUMS, *PRODUCTS)):
        return
    if isinstance(left, ast.Call) and get_called_name(left) in BOUNDING and left.args:
        first, *rest = _format_operand(left.args[0], view), *map(view.get_code, left.args[1:])
        code = f"{first} {SWAPS[type(node.op)][0]} {_format_operand(node.right, view)}"
        text = f"{view.get_code(left.func)}({', '.join([code, *rest])})"
        yield view.put(node, text, "arithmetic", 0.2)


def _propose_off_by_one(node: ast.expr, view: View) -> Iterator[Candidate]:
    weight = _place_weight(node, view)
    if not weight or not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return
    if isinstance(node, ast.BinOp):
        if not isinstance(node.op, (ast.Add, ast.Sub)) or isinstance(node.right, ast.Constant):
            return
        weight *= 0.8
    code = view.get_code(node)
    if "\n" in code or (isinstance(node, ast.Call) and not _is_count(node)):
        return
    for sign in "+-":
        text = view.add_parentheses(node, f"{code} {sign} 1")
        yield view.put(node, text, "off by one", weight)


def _is_count(node: ast.Call) -> bool:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    return name in {*BOUNDING, "len", "sum"}


def _place_weight(node: ast.expr, view: View) -> float:
    """Return how likely an off-by-one error is at this place; 0 if nothing is counted."""
    parent = view.source.parents.get(node)
    if isinstance(parent, ast.Subscript) and parent.slice is node:
        return 0.75
    if isinstance(parent, ast.Slice):
        return 0.65
    if isinstance(parent, ast.Call) and node in parent.args:
        return 0.75 if isinstance(parent.func, ast.Name) and parent.func.id == "range" else 0.4
    if isinstance(parent, ast.Compare):
        orders = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq)
        return 0.45 if isinstance(parent.ops[0], orders) else 0.0
    if isinstance(parent, ast.BinOp):
        return 0.36 if isinstance(parent.op, (ast.Mult, ast.FloorDiv)) else 0.3
    if isinstance(parent, (ast.Return, ast.Assign, ast.Tuple, ast.IfExp)):
        return 0.3
    return 0.0
