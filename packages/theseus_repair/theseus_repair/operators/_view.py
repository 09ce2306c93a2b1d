"""What every operator sees: one file, the crash, and pools of names from all the files."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from theseus_guard.syntax import parse

from theseus_repair.expectation import parse_expectation
from theseus_repair.library import EMPTY, Library
from theseus_repair.model import Candidate, Crash, EditTemplate, SourceEdit
from theseus_repair.operators._sql import Schema, build_schema
from theseus_repair.source import FunctionNode, Source, list_parameters, set_on_self

TIGHT = (ast.BinOp, ast.UnaryOp, ast.Attribute, ast.Await, ast.Starred, ast.Compare)


@dataclass(frozen=True)
class Pools:
    """Names from all the files: strings, attribute names, functions by name, SQL tables.

    `fields` are the fields of the same class with their types, by each of them. `stated` are the
    answers of functions that people stated, as literals by name. `imports` are the statements that
    import a name, `templates` the replacements of earlier commits. `library` is the bot's
    discord.py.
    """

    strings: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    functions: Mapping[str, FunctionNode] = field(default_factory=dict)
    classes: frozenset[str] = frozenset()
    schema: Schema = field(default_factory=dict)
    stated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    imports: Mapping[str, str] = field(default_factory=dict)
    templates: tuple[EditTemplate, ...] = ()
    library: Library = EMPTY


@dataclass(frozen=True)
class View:
    """One file and the crash. `crash` may be empty (an error named "")."""

    source: Source
    crash: Crash
    pools: Pools

    def iterate_nodes(self, statement: ast.stmt) -> Iterator[ast.expr]:
        """Yield the expressions of a statement's header that can be edited safely."""
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, (ast.expr, ast.arguments, ast.withitem, ast.keyword)):
                yield from self._walk(child)

    def _walk(self, node: ast.AST) -> Iterator[ast.expr]:
        if node in self.source.annotations:
            return
        if isinstance(node, ast.expr) and node not in self.source.docstrings:
            yield node
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant):
                continue
            if isinstance(node, ast.FormattedValue) and not self._is_position_reliable(node.value):
                continue
            yield from self._walk(child)

    def _is_position_reliable(self, node: ast.expr) -> bool:
        """Return whether the position of an expression inside an f-string is right.

        Older Pythons report wrong positions there.
        """
        try:
            parsed = parse(self.source.get_code(node), "eval").body
        except SyntaxError:
            return False
        return ast.dump(parsed) == ast.dump(node)

    def get_code(self, node: ast.AST) -> str:
        """Return the exact text of a node."""
        return self.source.get_code(node)

    def add_parentheses(self, node: ast.AST, text: str) -> str:
        """Return the text, in parentheses if operator precedence needs them."""
        parent = self.source.parents.get(node)
        head = isinstance(parent, (ast.Subscript, ast.Call)) and node in (
            getattr(parent, "value", None),
            getattr(parent, "func", None),
        )
        return f"({text})" if head or isinstance(parent, TIGHT) else text

    def put(self, node: ast.AST, text: str, kind: str, weight: float, why: str = "") -> Candidate:
        """Return the candidate that replaces one expression."""
        why = why or f"replace `{self.brief(node)}` by `{text}`"
        return self.make([self.source.replace(node, text)], kind, weight, why, node)

    def make(
        self, edits: list[SourceEdit], kind: str, weight: float, why: str, node: ast.AST
    ) -> Candidate:
        """Return a candidate whose rank is, for now, the weight of its operator."""
        return Candidate(tuple(edits), kind, why, weight, getattr(node, "lineno", 0))

    def brief(self, node: ast.AST) -> str:
        """Return the text of a node for people: one line, shortened if long."""
        return " ".join(self.get_code(node).split())[:60]

    def list_names_before(self, node: ast.AST) -> list[str]:
        """Return parameters and locals of the function around a node, bound before it."""
        function = self.source.find_function(node)
        if function is None:
            return []
        names = self._list_bound_names(function, node)
        outer = self.source.find_function(function)
        while outer is not None:
            names += [name for name in self._list_bound_names(outer, function) if name not in names]
            outer = self.source.find_function(outer)
        names += self._list_comprehension_names(node)
        return list(dict.fromkeys(name for name in names if name not in {"self", "cls", "_"}))

    def _list_bound_names(self, function: FunctionNode, node: ast.AST) -> list[str]:
        """Return parameters and locals of one function that are bound before a node in it."""
        line = getattr(node, "lineno", 0)
        names = [arg.arg for arg in list_parameters(function)]
        for name, at, loop in self.source.get_bindings(function):
            if at < line or (0 < loop <= line and at <= line):
                names.append(name)
        return names

    def _list_comprehension_names(self, node: ast.AST) -> list[str]:
        found = []
        for up in self.source.iterate_ancestors(node):
            for generator in getattr(up, "generators", ()):
                targets = ast.walk(generator.target)
                found += [inner.id for inner in targets if isinstance(inner, ast.Name)]
        return found

    def list_differences(self) -> list[tuple[object, object]]:
        """Return what a failed assertion got, and what it expected; empty if it does not say."""
        found = parse_expectation(self.crash)
        return found.list_leaves() if found else []

    def is_at_crash(self, node: ast.AST) -> bool:
        """Return whether a crash frame in this file is on one of the node's lines."""
        first = getattr(node, "lineno", 0)
        last = getattr(node, "end_lineno", first) or first
        return any(
            frame.path == self.source.path and first <= frame.line <= last
            for frame in self.crash.frames
        )

    def has_crash_text(self, *words: str) -> bool:
        """Return whether the crash's message contains one of these texts."""
        return any(word in self.crash.message for word in words)


def build_pools(sources: list[Source]) -> Pools:
    """Return the names of all the files."""
    strings: dict[str, None] = {}
    attributes: dict[str, None] = {}
    functions: dict[str, FunctionNode] = {}
    classes: set[str] = set()
    fields: dict[str, dict[str, str]] = {}
    longer: list[str] = []
    for source in sources:
        for node in source.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                if len(node.value) <= 40 and node not in source.docstrings:
                    strings[node.value] = None
                elif "TABLE" in node.value.upper():
                    longer.append(node.value)
            elif isinstance(node, ast.Attribute):
                attributes[node.attr] = None
            elif isinstance(node, FunctionNode):
                functions.setdefault(node.name, node)
                attributes[node.name] = None
            elif isinstance(node, ast.ClassDef):
                classes.add(node.name)
                own = collect_fields(node)
                for name in own:
                    fields.setdefault(name, {}).update(own)
    schema = build_schema((*longer, *strings))
    imports = _collect_imports(sources)
    return Pools(
        tuple(strings),
        tuple(attributes),
        fields,
        functions,
        frozenset(classes),
        schema,
        imports=imports,
    )


def collect_fields(klass: ast.ClassDef) -> dict[str, str]:
    """Return the fields that a class declares, with their types, and those it sets when it is made.

    The latter have no type: nothing.
    """
    found: dict[str, str] = {}
    for statement in klass.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            found[statement.target.id] = ast.unparse(statement.annotation)
        elif isinstance(statement, FunctionNode) and statement.name == "__init__":
            for name in set_on_self(statement):
                found.setdefault(name, "")
    return found


def _collect_imports(sources: list[Source]) -> dict[str, str]:
    """Return the statement that imports a name from a module, for each such name of all files."""
    return {
        alias.asname or alias.name: f"from {node.module} import {ast.unparse(alias)}"
        for source in sources
        for node in source.nodes
        if isinstance(node, ast.ImportFrom) and not node.level
        for alias in node.names
    }
