"""A module's text seen through its syntax tree, with exact character positions for edits."""

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache

from theseus_guard.syntax import parse

from theseus_repair.model import SourceEdit
from theseus_repair.source_text import split_lines

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef, ast.Module)
COMPOUND = (
    ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match,
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef,
)  # fmt: skip


class Source:
    """One parsed file; `nodes` are all its nodes, outer ones first.

    Raises `SyntaxError` if the text does not parse.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path, self.text = path, text
        self.tree = parse(text)
        self.parents: dict[ast.AST, ast.AST] = {}
        self._bindings: dict[ast.AST, list[tuple[str, int, int]]] = {}
        self.nodes = tuple(ast.walk(self.tree))
        for parent in self.nodes:
            for child in ast.iter_child_nodes(parent):
                self.parents[child] = parent

    @cached_property
    def lines(self) -> list[str]:
        """The lines with their line ends."""
        return split_lines(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return starts

    def get_offset(self, line: int, column: int) -> int:
        """Return the character offset of a line (from 1) and a UTF-8 byte column."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        if not text.isascii():
            column = len(text.encode()[:column].decode(errors="replace"))
        return self._starts[line - 1] + column

    def get_span(self, node: ast.AST) -> tuple[int, int]:
        """Return the start and end offsets of an expression or statement."""
        first, last = node, node
        return (
            self.get_offset(getattr(first, "lineno", 1), getattr(first, "col_offset", 0)),
            self.get_offset(getattr(last, "end_lineno", 1), getattr(last, "end_col_offset", 0)),
        )

    def get_code(self, node: ast.AST) -> str:
        """Return the exact text of a node."""
        start, end = self.get_span(node)
        return self.text[start:end]

    def replace(self, node: ast.AST, text: str) -> SourceEdit:
        """Return the edit that replaces the node by `text`."""
        start, end = self.get_span(node)
        return SourceEdit(self.path, start, end, text)

    def replace_between(
        self, left: ast.AST, right: ast.AST, old: str, new: str
    ) -> SourceEdit | None:
        """Return the edit that replaces `old` between two nodes; `None` unless it occurs once."""
        start, end = self.get_span(left)[1], self.get_span(right)[0]
        gap = self.text[start:end]
        if gap.count(old) != 1 or "#" in gap:
            return None
        at = start + gap.index(old)
        return SourceEdit(self.path, at, at + len(old), new)

    def iterate_ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the node's ancestors, nearest first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def is_called(self, node: ast.AST) -> bool:
        """Return whether a node is the function of a call."""
        parent = self.parents.get(node)
        return isinstance(parent, ast.Call) and parent.func is node

    def find_statement(self, node: ast.AST) -> ast.stmt | None:
        """Return the statement that holds a node (or is it)."""
        if isinstance(node, ast.stmt):
            return node
        return next((up for up in self.iterate_ancestors(node) if isinstance(up, ast.stmt)), None)

    def find_function(self, node: ast.AST) -> FunctionNode | None:
        """Return the innermost function around a node, not counting the node itself."""
        for up in self.iterate_ancestors(node):
            if isinstance(up, FunctionNode):
                return up
        return None

    def find_class(self, node: ast.AST) -> ast.ClassDef | None:
        """Return the innermost class a node is in."""
        return next(
            (up for up in self.iterate_ancestors(node) if isinstance(up, ast.ClassDef)), None
        )

    def get_indent(self, statement: ast.stmt) -> str:
        """Return the white space in front of a statement's line."""
        line = self.lines[statement.lineno - 1]
        return line[: len(line) - len(line.lstrip())]

    def is_line_start(self, statement: ast.stmt) -> bool:
        """Return whether only white space is before the statement on its line."""
        return not self.lines[statement.lineno - 1].encode()[: statement.col_offset].strip()

    def insert_before(self, statement: ast.stmt, lines: Sequence[str]) -> SourceEdit:
        """Return the edit that puts lines (without indent) before a statement."""
        at = self._starts[statement.lineno - 1]
        indent = self.get_indent(statement)
        text = "".join(f"{indent}{line}\n" for line in lines)
        return SourceEdit(self.path, at, at, text)

    def insert_after(self, statement: ast.stmt, lines: Sequence[str]) -> SourceEdit:
        """Return the edit that puts lines (without indent) after a statement."""
        at = self.get_offset(
            statement.end_lineno or statement.lineno, statement.end_col_offset or 0
        )
        indent = self.get_indent(statement)
        text = "".join(f"\n{indent}{line}" for line in lines)
        return SourceEdit(self.path, at, at, text)

    @cached_property
    def module_names(self) -> frozenset[str]:
        """The names that are bound, and not only by functions."""
        own: set[str] = set()
        for function in self.nodes:
            if isinstance(function, FunctionNode):
                own |= {name for name, _, _ in self.get_bindings(function)}
            if isinstance(function, FunctionNode | ast.Lambda):
                own |= {arg.arg for arg in list_parameters(function)}
        return frozenset(collect_bound_names(self.tree) - own)

    def get_bindings(self, function: FunctionNode) -> list[tuple[str, int, int]]:
        """Return a function's assignments: name, line, and the line of the outermost loop around.

        That line is 0 outside of loops.
        """
        if function not in self._bindings:
            self._bindings[function] = [
                (node.id, node.lineno, self._loop(node))
                for node in ast.walk(function)
                if isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Store)
                and self.find_function(node) is function
            ]
        return self._bindings[function]

    def _loop(self, node: ast.AST) -> int:
        loops = (
            up.lineno for up in self.iterate_ancestors(node) if isinstance(up, (ast.For, ast.While))
        )
        return min(loops, default=0)

    @cached_property
    def calls(self) -> dict[str, list[ast.Call]]:
        """The file's calls by the last name of the called function."""
        found: dict[str, list[ast.Call]] = {}
        for node in self.nodes:
            if isinstance(node, ast.Call):
                found.setdefault(get_called_name(node), []).append(node)
        return found

    @cached_property
    def numbers(self) -> tuple[float, ...]:
        """The numbers in the file, each once per type."""
        return tuple(
            value
            for kind, value in dict.fromkeys(
                (type(node.value), node.value)
                for node in self.nodes
                if isinstance(node, ast.Constant) and isinstance(node.value, (int, float))
            )
            if kind is not bool
        )

    @cached_property
    def imported_modules(self) -> frozenset[str]:
        """Return the top-level modules that the file imports under their own names."""
        return frozenset(
            alias.name.partition(".")[0]
            for node in self.nodes
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.asname is None
        )

    @cached_property
    def imported_names(self) -> dict[str, tuple[str, ast.alias]]:
        """Return what the file imports from modules under its own name: each one's module first."""
        return {
            alias.name: (node.module or "", alias)
            for node in self.tree.body
            if isinstance(node, ast.ImportFrom) and not node.level
            for alias in node.names
            if alias.asname is None
        }

    @cached_property
    def keyword_constants(self) -> dict[str, tuple[str, ...]]:
        """The constants, as written, that the file's calls pass for each keyword."""
        found: dict[str, dict[str, None]] = {}
        for node in self.nodes:
            if isinstance(node, ast.keyword) and node.arg and isinstance(node.value, ast.Constant):
                found.setdefault(node.arg, {})[self.get_code(node.value)] = None
        return {name: tuple(texts) for name, texts in found.items()}

    @cached_property
    def annotations(self) -> frozenset[ast.AST]:
        """All nodes inside type annotations."""
        found: set[ast.AST] = set()
        for node in self.nodes:
            for name in ("annotation", "returns"):
                inner = getattr(node, name, None)
                if isinstance(inner, ast.AST):
                    found.update(ast.walk(inner))
        return frozenset(found)

    @cached_property
    def docstrings(self) -> frozenset[ast.AST]:
        """The constants that are docstrings or separate statements."""
        return frozenset(
            node.value for node in self.nodes if isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
        )  # fmt: skip


def get_called_name(node: ast.Call) -> str:
    """Return the last name of the called function."""
    return str(getattr(node.func, "attr", getattr(node.func, "id", "")))


def get_header_lines(statement: ast.stmt) -> range:
    """Return the lines of a statement, without the blocks inside it."""
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    if isinstance(statement, COMPOUND):
        body = getattr(statement, "body", None) or getattr(statement, "cases", [])
        if isinstance(statement, ast.Match):
            last = statement.subject.end_lineno or first
        elif body:
            last = max(first, body[0].lineno - 1)
    for decorator in getattr(statement, "decorator_list", ()):
        first = min(first, decorator.lineno)
    return range(first, last + 1)


def list_parameters(function: FunctionNode | ast.Lambda) -> list[ast.arg]:
    """Return all parameters of a function, in order."""
    arguments = function.args
    rest = [extra for extra in (arguments.vararg, arguments.kwarg) if extra is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *rest]


def list_defaults(function: FunctionNode) -> list[tuple[ast.arg, ast.expr]]:
    """Return the parameters that have a default, with it."""
    arguments = function.args
    last = (
        [*arguments.posonlyargs, *arguments.args][-len(arguments.defaults) :]
        if arguments.defaults
        else []
    )
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return [
        *zip(last, arguments.defaults, strict=True),
        *((arg, each) for arg, each in named if each),
    ]


@lru_cache(maxsize=64)
def set_on_self(tree: ast.AST) -> tuple[str, ...]:
    """Return the attributes of `self` that are assigned anywhere in a tree, each once."""
    found = {
        node.attr: None
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and getattr(node.value, "id", "") == "self"
    }
    return tuple(found)


def collect_bound_names(tree: ast.AST) -> set[str]:
    """Return every name bound anywhere in a tree: assigned, imported, defined, or a parameter."""
    return set(filter(None, map(get_bound_name, ast.walk(tree))))


def get_bound_name(node: ast.AST) -> str:
    """Return the name that a node itself binds, or an empty string."""
    if isinstance(node, ast.Name):
        return "" if isinstance(node.ctx, ast.Load) else node.id
    if isinstance(node, ast.arg):
        return node.arg
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name
    if isinstance(node, ast.alias):
        return (node.asname or node.name).split(".")[0]
    if isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
        return node.name or ""
    return ""
