"""Which of some lines each test ran, told by the code itself: it says so where it comes by.

Sent as source text to the interpreter of the project under repair, as `_fork_child` is: standard
library only. A tracer hears of every call of whatever a test calls, which takes a few times as long
as the tests; here only the functions that hold these lines do more than they did.
"""

import ast
import builtins
import importlib.machinery
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

HIT_NAME = "__theseus_hit__"
Lines = dict[str, list[int]]


class LineHits:
    """Which of the `wanted` lines, by path below the root, each test runs; a statement is one.

    What is imported in another way than by `install` is left to what `tracer` makes.
    """

    def __init__(self, root: str, wanted: Lines, tracer: Callable[[str, Lines], Any]) -> None:
        self._root, self._wanted, self._tracer = root, wanted, tracer
        self._files = {os.path.realpath(Path(root, path)): path for path in wanted}
        self._hits: set[int] = set()
        self.hit = self._hits.add  # for the fewest steps: it is called in every loop
        self._places: list[tuple[str, frozenset[int]]] = []
        self._compiled: set[str] = set()
        self._rest: Any = None  # what tells of the lines of other files, once tests begin

    def install(self) -> None:
        """Have these files say which lines run, as soon as they are imported."""
        setattr(builtins, HIT_NAME, self.hit)
        loader: Any = importlib.machinery.SourceFileLoader
        plain = loader.get_code

        def get_code(loading: Any, fullname: str) -> CodeType | None:
            file = os.path.realpath(loading.get_filename(fullname))
            if file not in self._files:
                return plain(loading, fullname)  # type: ignore[no-any-return]
            return self.compile_file(file, loading.get_data(file))

        loader.get_code = get_code

    def compile_file(self, file: str, source: bytes) -> CodeType:
        """Return the code of a wanted file, which calls `hit` by the name `TOLD`."""
        self._compiled.add(file)
        tree = ast.parse(source, file)
        self._tell(self._files[file], tree)
        return compile(tree, file, "exec", dont_inherit=True)

    def start(self) -> None:
        """Begin a new test's lines."""
        if self._rest is None:
            left = self._list_missed_lines()
            self._rest = self._tracer(self._root, left) if left else False
        self._hits.clear()
        if self._rest:
            self._rest.start()

    def stop(self) -> Lines:
        """End it; lines by path relative to the root."""
        found: Lines = self._rest.stop() if self._rest else {}
        ran: dict[str, set[int]] = {}
        for number in list(self._hits):
            path, lines = self._places[number]
            ran.setdefault(path, set()).update(lines)
        return found | {path: sorted(lines) for path, lines in ran.items()}

    def _list_missed_lines(self) -> Lines:
        """Return the wanted lines of files that were imported in another way."""
        modules = list(sys.modules.values())
        held = {os.path.realpath(getattr(each, "__file__", None) or "") for each in modules}
        left = [self._files[file] for file in self._files.keys() & held - self._compiled]
        return {path: self._wanted[path] for path in left}

    def _tell(self, path: str, tree: ast.Module) -> None:
        """Put the hits into the functions of a file."""
        wanted = frozenset(self._wanted[path])
        for node in list(ast.walk(tree)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = min([node.lineno, *(each.lineno for each in node.decorator_list)])
                node.body = self._insert_hits(node.body, path, wanted, {first} & wanted)
        ast.fix_missing_locations(tree)

    def _insert_hits(
        self, body: list[ast.stmt], path: str, wanted: frozenset[int], also: set[int]
    ) -> list[ast.stmt]:
        """Return a block with the hits in it; `also` are the lines it begins with."""
        told: list[ast.stmt] = []
        for statement in body:
            also |= collect_own_lines(statement) & wanted
            if also and (told or not is_text(statement)):  # a docstring stays the first
                told.append(self._build_hit(path, also, statement))
                also = set()
            told.append(statement)
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue  # one of its own
            for name in ("body", "orelse", "finalbody"):
                block = getattr(statement, name, None)
                if block:
                    setattr(statement, name, self._insert_hits(block, path, wanted, set()))
            asked: set[int] = set()  # who comes into the third has been asked for two before
            for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
                asked |= wanted & set(range(get_first_line(part), part.body[0].lineno))
                part.body = self._insert_hits(part.body, path, wanted, set(asked))
        if also:
            told.append(self._build_hit(path, also, body[-1]))
        return told

    def _build_hit(self, path: str, lines: set[int], at: ast.stmt) -> ast.stmt:
        self._places.append((path, frozenset(lines)))
        number = ast.Constant(len(self._places) - 1)
        call = ast.Call(ast.Name(HIT_NAME, ast.Load()), [number], [])
        return ast.copy_location(ast.Expr(call), at)


def collect_own_lines(statement: ast.stmt) -> set[int]:
    """Return the lines of a statement, of one that holds blocks those above the first."""
    if isinstance(statement, (ast.Global, ast.Nonlocal)):
        return set()
    first = min([statement.lineno, *(each.lineno for each in get_decorators(statement))])
    body = getattr(statement, "body", None) or getattr(statement, "cases", None)
    if body is None:
        return set(range(first, (statement.end_lineno or first) + 1))
    last = get_first_line(body[0]) - 1
    return {first, *range(statement.lineno, last + 1)}


def get_decorators(statement: ast.stmt) -> list[ast.expr]:
    """Return the decorators of a function or class."""
    return getattr(statement, "decorator_list", [])


def get_first_line(part: Any) -> int:
    """Return the line where a statement, a handler or a case begins."""
    return int(part.lineno if hasattr(part, "lineno") else part.pattern.lineno)


def is_text(statement: ast.stmt) -> bool:
    """Whether a statement is nothing but a text, as a docstring is."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
