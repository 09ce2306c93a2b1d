"""Wrong comparison operators, and conditions with a missing or superfluous `not`."""

import ast
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View

SWAPS: dict[type[ast.cmpop], tuple[str, tuple[tuple[str, float], ...]]] = {
    ast.Lt: ("<", (("<=", 0.9), (">", 0.6), (">=", 0.5), ("!=", 0.3), ("==", 0.15))),
    ast.LtE: ("<=", (("<", 0.9), (">=", 0.6), (">", 0.5), ("==", 0.3), ("!=", 0.15))),
    ast.Gt: (">", ((">=", 0.9), ("<", 0.6), ("<=", 0.5), ("!=", 0.3), ("==", 0.15))),
    ast.GtE: (">=", ((">", 0.9), ("<=", 0.6), ("<", 0.5), ("==", 0.3), ("!=", 0.15))),
    ast.Eq: ("==", (("!=", 0.75), (">=", 0.4), ("<=", 0.4), (">", 0.3), ("<", 0.3), ("in", 0.25))),
    ast.NotEq: ("!=", (("==", 0.75), (">", 0.35), ("<", 0.35), (">=", 0.15), ("<=", 0.15))),
    ast.In: ("in", (("not in", 0.75), ("==", 0.2))),
    ast.NotIn: ("not in", (("in", 0.75), ("!=", 0.15))),
    ast.Is: ("is", (("is not", 0.75), ("==", 0.35), (">", 0.15), ("<", 0.15))),
    ast.IsNot: ("is not", (("is", 0.75), ("!=", 0.35), (">", 0.15), ("<", 0.15))),
}
IDENTITIES = (ast.Is, ast.IsNot)
ORDERS = {"<", "<=", ">", ">="}
QUESTIONS = ("is", "has", "can", "may", "should", "was", "are", "contains", "exists")
PLAIN = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.NamedExpr)


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other comparisons and negations for one statement."""
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Compare):
            yield from _propose_operators(node, view)
        elif isinstance(node, ast.BoolOp):
            yield from _shift_both_ends(node, view)
    for test, weight in _iterate_tests(statement, view):
        yield from _negate(test, weight, view)


def _propose_operators(node: ast.Compare, view: View) -> Iterator[Candidate]:
    left = node.left
    for operator, right in zip(node.ops, node.comparators, strict=True):
        old, others = SWAPS[type(operator)]
        single = isinstance(operator, IDENTITIES) and isinstance(right, ast.Constant)
        for new, weight in others:
            if single and new in ORDERS:  # `None` has no order
                continue
            edit = view.source.replace_between(left, right, old, new)
            if edit is not None:
                why = f"compare with `{new}` instead of `{old}` in `{view.get_code(node)[:60]}`"
                yield view.make([edit], "comparison", weight, why, node)
        left = right


def _shift_both_ends(node: ast.BoolOp, view: View) -> Iterator[Candidate]:
    """Yield all comparisons of a condition with their bounds included, or all without."""
    edits = []
    for value in node.values:
        if not isinstance(value, ast.Compare) or len(value.ops) != 1:
            return
        old, others = SWAPS[type(value.ops[0])]
        edit = view.source.replace_between(value.left, value.comparators[0], old, others[0][0])
        if old not in ORDERS or edit is None:
            return
        edits.append(edit)
    why = f"`{others[0][0]}` instead of `{old}`, and likewise, in `{view.get_code(node)[:60]}`"
    yield view.make(edits, "comparison", 0.4, why, node)


def _iterate_tests(statement: ast.stmt, view: View) -> Iterator[tuple[ast.expr, float]]:
    if isinstance(statement, (ast.If, ast.While, ast.Assert)):
        yield statement.test, 0.8
    elif isinstance(statement, ast.Return) and statement.value is not None:
        yield statement.value, 0.4 if _is_question(statement, view) else 0.1
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.IfExp):
            yield node.test, 0.75
        elif isinstance(node, ast.BoolOp):
            for value in node.values:
                yield value, 0.7
        elif isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            for generator in node.generators:
                for test in generator.ifs:
                    yield test, 0.75


def _is_question(statement: ast.Return, view: View) -> bool:
    """Return whether the function around a return answers yes or no."""
    function = view.source.find_function(statement)
    if function is None:
        return False
    if function.name.lstrip("_").split("_")[0] in QUESTIONS:
        return True
    if function.returns is not None:
        return view.get_code(function.returns) == "bool"
    return any(
        isinstance(node, ast.Return)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, bool)
        for node in ast.walk(function)
    )


def _negate(test: ast.expr, weight: float, view: View) -> Iterator[Candidate]:
    code = view.get_code(test)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = view.get_code(test.operand)
        yield view.put(test, inner, "negation", weight)
        if isinstance(test.operand, PLAIN):
            yield view.put(test, f"{inner} is None", "negation", weight * 0.5)
    elif isinstance(test, PLAIN):
        yield view.put(test, f"not {code}", "negation", weight)
        if not isinstance(test, ast.Call):
            yield view.put(test, f"{code} is not None", "negation", weight * 0.5)
    elif isinstance(test, ast.BoolOp):
        yield view.put(test, f"not ({code})", "negation", weight * 0.4)
