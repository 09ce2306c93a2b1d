"""Records which of some lines each test runs, by calls inserted into the code itself.

Sent as source text to the interpreter of the project under repair, as `_fork_child` is: standard
library only. A tracer is called for every function that a test calls, which makes tests several
times slower; here only the functions with wanted lines become slower.
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
    """Records which of the `wanted` lines, by path below the root, each test runs.

    Files that were imported without the loader of `install` are traced with `tracer` instead.
    """

    def __init__(self, root: str, wanted: Lines, tracer: Callable[[str, Lines], Any]) -> None:
        self._root, self._wanted, self._tracer = root, wanted, tracer
        self._files = {os.path.realpath(Path(root, path)): path for path in wanted}
        self._hits: set[int] = set()
        self.hit = self._hits.add  # a bound C method, because this is called in every loop
        self._places: list[tuple[str, frozenset[int]]] = []
        self._compiled: set[str] = set()
        self._rest: Any = None  # the tracer for lines of other files, created when tests begin

    def install(self) -> None:
        """Install a loader that inserts the calls into these files when they are imported."""
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
        """Return the code of a wanted file with calls of `hit` by the name `HIT_NAME`."""
        self._compiled.add(file)
        tree = ast.parse(source, file)
        self._tell(self._files[file], tree)
        return compile(tree, file, "exec", dont_inherit=True)

    def start(self) -> None:
        """Start recording the lines of a test."""
        if self._rest is None:
            left = self._list_missed_lines()
            self._rest = self._tracer(self._root, left) if left else False
        self._hits.clear()
        if self._rest:
            self._rest.start()

    def stop(self) -> Lines:
        """Stop recording; return the lines by path relative to the root."""
        found: Lines = self._rest.stop() if self._rest else {}
        ran: dict[str, set[int]] = {}
        for number in list(self._hits):
            path, lines = self._places[number]
            ran.setdefault(path, set()).update(lines)
        return found | {path: sorted(lines) for path, lines in ran.items()}

    def _list_missed_lines(self) -> Lines:
        """Return the wanted lines of files that were imported without our loader."""
        modules = list(sys.modules.values())
        imported = {os.path.realpath(getattr(module, "__file__", None) or "") for module in modules}
        left = [self._files[file] for file in self._files.keys() & imported - self._compiled]
        return {path: self._wanted[path] for path in left}

    def _tell(self, path: str, tree: ast.Module) -> None:
        """Insert the calls into the functions of a file."""
        wanted = frozenset(self._wanted[path])
        for node in list(ast.walk(tree)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                node.body = self._insert_hits(node.body, path, wanted, {first} & wanted)
        ast.fix_missing_locations(tree)

    def _insert_hits(
        self, body: list[ast.stmt], path: str, wanted: frozenset[int], also: set[int]
    ) -> list[ast.stmt]:
        """Return a block with the calls inserted; `also` are the lines it begins with."""
        result: list[ast.stmt] = []
        for statement in body:
            also |= collect_own_lines(statement) & wanted
            if also and (result or not is_text(statement)):  # a docstring has to stay first
                result.append(self._build_hit(path, also, statement))
                also = set()
            result.append(statement)
            if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue  # a function or class has hits of its own
            for name in ("body", "orelse", "finalbody"):
                block = getattr(statement, name, None)
                if block:
                    setattr(statement, name, self._insert_hits(block, path, wanted, set()))
            visited: set[int] = set()  # an `elif` runs after the conditions above it were evaluated
            for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
                visited |= wanted & set(range(get_first_line(part), part.body[0].lineno))
                part.body = self._insert_hits(part.body, path, wanted, set(visited))
        if also:
            result.append(self._build_hit(path, also, body[-1]))
        return result

    def _build_hit(self, path: str, lines: set[int], at: ast.stmt) -> ast.stmt:
        self._places.append((path, frozenset(lines)))
        number = ast.Constant(len(self._places) - 1)
        call = ast.Call(ast.Name(HIT_NAME, ast.Load()), [number], [])
        return ast.copy_location(ast.Expr(call), at)


def collect_own_lines(statement: ast.stmt) -> set[int]:
    """Return the lines of a statement; of a compound statement only those above its first block."""
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
    """Return whether a statement is only a string, such as a docstring."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
