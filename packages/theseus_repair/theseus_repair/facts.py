"""Collects the conditions, fixed values and exceptions of a function as countable facts."""

import ast
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, TypeGuard

Sort = Literal["condition", "order", "negated", "answer", "exit", "raise", "handler", "constant",
               "empty"]  # fmt: skip
_FAMILY: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("same", "differ"), ast.NotEq: ("differ", "same"),
    ast.Is: ("same", "differ"), ast.IsNot: ("differ", "same"),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"),
}  # fmt: skip
_UPWARD, _DOWNWARD = (ast.Lt, ast.LtE), (ast.Gt, ast.GtE)
_EMPTY_CALLS = frozenset({"set", "list", "dict", "str", "tuple", "frozenset", "bytes"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact and its line. Facts of one sort with equal keys are the same fact."""

    sort: Sort
    key: str
    line: int


@dataclass(slots=True)
class Facts:
    """The facts of one function, or of the code outside of all functions."""

    all: list[Fact] = field(default_factory=list)
    first: int = 0

    def count_keys(self, sort: Sort, prefix: str = "") -> Counter[str]:
        """Return how often each fact of a sort occurs."""
        return Counter(f.key for f in self.all if f.sort == sort and f.key.startswith(prefix))


def collect_facts(tree: ast.Module) -> dict[str, Facts]:
    """Return the facts of every function of a module, by its dotted name; "" is the rest."""
    reader = _Reader()
    reader.visit(tree)
    return reader.scopes


def is_constant(node: ast.expr | None) -> bool:
    """Return whether an expression has the same value for all inputs; `node` `None` means None."""
    if node is None or isinstance(node, ast.Constant):
        return True
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return all(map(is_constant, node.elts))
    if isinstance(node, ast.Dict):
        return all(map(is_constant, [*node.keys, *node.values]))
    if isinstance(node, ast.UnaryOp):
        return is_constant(node.operand)
    if isinstance(node, ast.JoinedStr):
        return not any(isinstance(value, ast.FormattedValue) for value in node.values)
    return _is_empty_call(node)


def _is_empty_call(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id in _EMPTY_CALLS and not (node.args or node.keywords)


class _Reader(ast.NodeVisitor):
    """Walks a module and records facts under the function that contains them."""

    def __init__(self) -> None:
        self.scopes: dict[str, Facts] = {}
        self._names: list[str] = []
        self._scope = self.scopes.setdefault("", Facts())

    def _note(self, sort: Sort, key: str, node: ast.AST) -> None:
        self._scope.all.append(Fact(sort, key, getattr(node, "lineno", 0)))

    def _define(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        outer = self._scope
        self._names.append(node.name)
        if isinstance(node, _FUNCTIONS):
            fresh = Facts(first=node.body[0].lineno)
            self._scope = self.scopes.setdefault(".".join(self._names), fresh)
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None and ast.unparse(default) != "None":
                    self.visit(default)  # a default that moves into the body is no new value
        for child in (*node.decorator_list, *node.body):
            self.visit(child)
        self._names.pop()
        self._scope = outer

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _define  # noqa: N815

    # Conditions: every comparison and connective, and the truth of every tested expression.

    def _note_test(self, node: ast.expr, *, holds: bool = True) -> None:
        """Record a condition in a normal form: `not (a < b)` equals `b <= a`."""
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._note_test(node.operand, holds=not holds)
        elif isinstance(node, ast.BoolOp):
            self._note_connective(node, holds)
        elif isinstance(node, ast.Compare):
            self._note_comparison(node, holds)
        elif isinstance(node, ast.Constant):
            self._note("condition", f"always {bool(node.value) is holds}", node)
        else:
            self._note("condition", f"{_get_quantifier(node)} is {holds}", node)
            self.visit(node)

    def _note_connective(self, node: ast.BoolOp, holds: bool) -> None:
        both = isinstance(node.op, ast.And) is holds
        for _ in node.values[1:]:
            self._note("condition", "both" if both else "either", node)
        for value in node.values:
            self._note_test(value, holds=holds)

    def _note_comparison(self, node: ast.Compare, holds: bool) -> None:
        left = node.left
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, (*_UPWARD, *_DOWNWARD)):
                upward = isinstance(operator, _UPWARD) is holds
                low, high = (left, right) if upward else (right, left)
                self._note("condition", "order", node)
                self._note("order", f"{ast.unparse(low)} < {ast.unparse(high)}", node)
            else:
                self._note("condition", _FAMILY[type(operator)][not holds], node)
            left = right
        for operand in (node.left, *node.comparators):
            if not is_constant(operand):  # a constant in a comparison is not an inserted value
                self.visit(operand)

    def visit_Compare(self, node: ast.Compare) -> None:
        self._note_comparison(node, holds=True)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._note("negated", "not", node)
            self._note_test(node)
        else:
            self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        """Record `a or b` as a value: the last part is an answer, the others are conditions."""
        for value in node.values[:-1]:
            self._note("condition", "both" if isinstance(node.op, ast.And) else "either", node)
            self._note_test(value)
        last = node.values[-1]
        if is_constant(last):
            self._note("answer", ast.unparse(last), last)
        self.visit(last)

    def visit_If(self, node: ast.If) -> None:
        self._note_test(node.test)
        for child in (*node.body, *node.orelse):
            self.visit(child)

    def visit_While(self, node: ast.While) -> None:
        self._note_test(node.test)
        for child in (*node.body, *node.orelse):
            self.visit(child)

    def visit_Assert(self, node: ast.Assert) -> None:
        self._note_test(node.test)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._note_test(node.test)
        for branch in (node.body, node.orelse):
            if is_constant(branch):
                self._note("answer", ast.unparse(branch), branch)
            self.visit(branch)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for part in (node.target, node.iter):
            self.visit(part)
        for test in node.ifs:
            self._note_test(test)

    def visit_match_case(self, node: ast.match_case) -> None:
        self._note("condition", f"case {ast.unparse(node.pattern)}", node.pattern)
        if node.guard is not None:
            self._note_test(node.guard)
        for child in node.body:
            self.visit(child)

    # Answers, exits, and exceptions.

    def visit_Return(self, node: ast.Return) -> None:
        if is_constant(node.value):
            self._note("answer", ast.unparse(node.value) if node.value else "None", node)
        if node.value is not None:
            self.visit(node.value)

    def visit_Continue(self, node: ast.Continue) -> None:
        self._note("exit", "continue", node)

    def visit_Break(self, node: ast.Break) -> None:
        self._note("exit", "break", node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._note("raise", ast.unparse(node), node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if not any(isinstance(statement, ast.Raise) for statement in node.body):
            kind = ast.unparse(node.type) if node.type else "everything"
            self._note("handler", kind, node)
        for child in node.body:
            self.visit(child)

    def visit_Call(self, node: ast.Call) -> None:
        if ast.unparse(node.func).rpartition(".")[2] == "suppress":
            self._note("handler", ast.unparse(node), node)
        if _is_empty_call(node):
            self._note_value(ast.unparse(node.func), "empty", node)
        self.generic_visit(node)

    # Values: how many constants of a type there are, and how many of those are empty.

    def _note_value(self, kind: str, key: str, node: ast.AST) -> None:
        self._note("constant", f"{kind} ", node)
        if key:
            self._note("empty", f"{kind} {key}", node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        kind = "number" if type(value) in (int, float, complex) else type(value).__name__
        if isinstance(value, bool):
            self._note("condition", f"value {value}", node)
        self._note_value(kind, "" if value and value is not True else repr(value), node)

    def _visit_collection(self, node: ast.List | ast.Tuple | ast.Dict | ast.Set) -> None:
        if is_constant(node):
            empty = not (node.keys if isinstance(node, ast.Dict) else node.elts)
            self._note_value(type(node).__name__.lower(), "empty" if empty else "", node)
        self.generic_visit(node)

    visit_List = visit_Tuple = visit_Dict = visit_Set = _visit_collection  # noqa: N815

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.visit(node.value)
        if not is_constant(node.slice):
            self.visit(node.slice)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        for part in (node.target, node.value):
            if part is not None:
                self.visit(part)

    def visit_Expr(self, node: ast.Expr) -> None:
        if _is_removal(node.value):  # the default of `pop` is not used here
            for part in (node.value.func, node.value.args[0]):
                self.visit(part)
        elif not isinstance(node.value, ast.Constant):  # a docstring
            self.visit(node.value)


def _is_removal(node: ast.expr) -> TypeGuard[ast.Call]:
    """Return whether this removes a key that may be missing: `votes.pop(key, None)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr == "pop" and len(node.args) == 2 and is_constant(node.args[1])


def _get_quantifier(node: ast.expr) -> str:
    """Return `any` or `all` if one is called: they differ as much as `or` and `and`."""
    name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
    return name if name in ("any", "all") else "truth"
