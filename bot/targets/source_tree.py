"""The Python files of a foreign repository as syntax trees; nothing of it is imported or run."""

import ast
import codecs
import io
import re
import tokenize
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from theseus_guard.syntax import parse

_MAX_BYTES = 1_000_000
_MAX_STEPS = 12
_ASIDE = frozenset({"tests", "test", "docs", "examples", "example", "samples", "scripts"})

# Grammar of later Pythons than ours, rewritten to what ours reads; the lines stay where they are.
_LATER_GRAMMAR = (
    (re.compile(r"^([ \t]*(?:class|(?:async )?def) +\w+)\[[^\]\n]*(?:\[[^\]\n]*\])*[^\]\n]*\]",
                re.MULTILINE), r"\1"),
    (re.compile(r"^([ \t]*)type +(\w+)(?:\[[^\n=]*\])? *=", re.MULTILINE), r"\1\2 ="),
    (re.compile(r"^([ \t]*except\*?) +(?!\()([\w.]+(?: *, *[\w.]+)+) *:", re.MULTILINE),
     r"\1 (\2):"),
)  # fmt: skip

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef | ast.expr


@dataclass(frozen=True, eq=False)
class Source:
    """One parsed file. `imports` maps each imported name to its full origin."""

    path: str
    text: str
    tree: ast.Module
    nodes: tuple[ast.AST, ...]
    """Every node of the tree."""
    imports: Mapping[str, str]
    star_imports: tuple[str, ...]

    @property
    def module(self) -> str:
        """The module's full name, from the root of the repository."""
        return get_module_name(self.path)

    @property
    def is_aside(self) -> bool:
        """True for a test, an example or a document, which is no part of the running bot."""
        parts = PurePosixPath(self.path).parts
        return not _ASIDE.isdisjoint(parts[:-1]) or parts[-1].startswith("test_")

    @cached_property
    def definitions(self) -> Mapping[str, Definition]:
        """The top-level functions, classes and assigned values, by name."""
        return collect_definitions(self.tree.body)

    def find_calls(self) -> Iterator[ast.Call]:
        """Yield every call of the file."""
        return (node for node in self.nodes if isinstance(node, ast.Call))


@dataclass(frozen=True)
class Found:
    """What a name means: a definition in a file of the repository, or a full name outside it."""

    origin: str = ""
    source: Source | None = None
    node: Definition | None = None


def get_module_name(path: str) -> str:
    """Return the name under which a file is imported, from the root of the repository."""
    parts = list(PurePosixPath(path).with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def collect_definitions(body: list[ast.stmt]) -> dict[str, Definition]:
    """Return what the statements define, also inside `if`, `try` and `with`."""
    found: dict[str, Definition] = {}
    for statement in body:
        if isinstance(statement, Function | ast.ClassDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            found |= _collect_assigned(statement)
        elif isinstance(statement, ast.If | ast.Try | ast.With | ast.AsyncWith):
            for part in ("body", "orelse", "finalbody"):
                found = {**collect_definitions(getattr(statement, part, [])), **found}
            found |= _collect_with_names(statement)
    return found


def _collect_assigned(statement: ast.Assign | ast.AnnAssign) -> dict[str, Definition]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    value = statement.value
    return {each.id: value for each in targets if isinstance(each, ast.Name) and value is not None}


def _collect_with_names(statement: ast.stmt) -> dict[str, Definition]:
    if not isinstance(statement, ast.With | ast.AsyncWith):
        return {}
    return {
        item.optional_vars.id: item.context_expr
        for item in statement.items
        if isinstance(item.optional_vars, ast.Name)
    }


def split_dotted(node: ast.AST) -> tuple[str, ...]:
    """Return the parts of `a.b.c`; empty if the expression is anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ()
    return (node.id, *reversed(parts))


def walk_functions(
    node: ast.AST, owner: ast.ClassDef | None = None
) -> Iterator[tuple[Function, ast.ClassDef | None]]:
    """Yield each function with the class that it is a method of."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield child, owner
            yield from walk_functions(child)
        elif not isinstance(child, ast.expr):
            yield from walk_functions(child, child if isinstance(child, ast.ClassDef) else owner)


def get_text(node: ast.AST | None) -> str | None:
    """Return the value of a string constant, or `None`."""
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text else None  # type: ignore[union-attr]


def get_keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return the value of a keyword argument, or `None`."""
    return next((each.value for each in call.keywords if each.arg == name), None)


def parse_source(path: str, text: str) -> Source:
    """Parse a file, also by the grammar of later Pythons as far as ours can be made to read it.

    Raises `SyntaxError`, `ValueError`, `RecursionError` or `MemoryError`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an odd escape in their strings is not our business
        try:
            tree = parse(text)
        except SyntaxError:
            rewritten = text
            for pattern, replacement in _LATER_GRAMMAR:
                rewritten = pattern.sub(replacement, rewritten)
            if rewritten == text:
                raise
            tree = parse(rewritten)
    nodes = tuple(ast.walk(tree))
    imports, stars = _collect_imports(nodes, path)
    return Source(path, text, tree, nodes, imports, stars)


def _collect_imports(
    nodes: tuple[ast.AST, ...], path: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    found: dict[str, str] = {}
    stars: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name.partition(".")[0]
                found[alias.asname or name] = alias.name if alias.asname else name
        elif isinstance(node, ast.ImportFrom):
            base = _resolve_base(node, path)
            for alias in node.names:
                if alias.name == "*":
                    stars.append(base)
                else:
                    found[alias.asname or alias.name] = f"{base}.{alias.name}".lstrip(".")
    return found, tuple(stars)


def _resolve_base(node: ast.ImportFrom, path: str) -> str:
    """Return the full module that a `from` import names; relative ones count from the file."""
    if not node.level:
        return node.module or ""
    folder = list(PurePosixPath(path).parent.parts)
    folder = folder[: len(folder) - (node.level - 1)] if node.level > 1 else folder
    return ".".join([*folder, *([node.module] if node.module else [])])


class SourceTree:
    """All readable Python files of a repository, and the meaning of names in them."""

    def __init__(self, sources: list[Source], unreadable: Mapping[str, str]) -> None:
        self.sources = tuple(sources)
        self.unreadable = unreadable
        """Files that could not be parsed, each with the reason."""
        self._by_suffix: dict[str, list[Source]] = {}
        for source in sources:
            parts = source.module.split(".")
            for start in range(len(parts)):
                self._by_suffix.setdefault(".".join(parts[start:]), []).append(source)

    @classmethod
    def read(cls, root: Path, paths: list[str]) -> "SourceTree":
        """Read the Python files among `paths`, which are relative to `root`."""
        sources: list[Source] = []
        unreadable: dict[str, str] = {}
        for path in paths:
            if not path.endswith(".py"):
                continue
            try:
                sources.append(parse_source(path, read_text(root, path)))
            except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
                number = error.lineno if isinstance(error, SyntaxError) else None
                line = f" in line {number}" if number else ""
                unreadable[path] = f"{type(error).__name__}{line}"
        return cls(sources, unreadable)

    def find_module(self, name: str, near: Source | None = None) -> Source | None:
        """Return the file of a module, by its name from any folder; the nearest one if several."""
        found = self._by_suffix.get(name, [])
        if len(found) < 2 or near is None:
            return found[0] if found else None
        return max(found, key=lambda each: _count_common(each.path, near.path))

    def resolve(self, source: Source, node: ast.AST) -> Found:
        """Return what an expression such as `commands.Bot` or `bot` means in a file."""
        parts = split_dotted(node)
        return self._resolve_parts(source, parts, _MAX_STEPS) if parts else Found()

    def _resolve_parts(self, source: Source, parts: tuple[str, ...], steps: int) -> Found:
        if steps <= 0:
            return Found()
        name, rest = parts[0], parts[1:]
        node = source.definitions.get(name)
        if node is not None:
            return self._resolve_inside(source, node, rest, steps)
        if name in source.imports:
            return self._resolve_full((*source.imports[name].split("."), *rest), source, steps)
        for star in source.star_imports:
            module = self.find_module(star, source)
            if module is None and star.split(".")[0] in ("discord", "redbot"):
                return Found(".".join([star, *parts]))
            if module is not None and module is not source:
                found = self._resolve_parts(module, parts, steps - 1)
                if found.node is not None or found.origin:
                    return found
        return Found()

    def _resolve_inside(
        self, source: Source, node: Definition, rest: tuple[str, ...], steps: int
    ) -> Found:
        """Return what an attribute of a definition means; an alias is followed."""
        if isinstance(node, ast.Name | ast.Attribute):
            parts = split_dotted(node)
            return self._resolve_parts(source, (*parts, *rest), steps - 1) if parts else Found()
        if not rest:
            return Found("", source, node)
        if isinstance(node, ast.ClassDef) and len(rest) == 1:
            inner = collect_definitions(node.body).get(rest[0])
            return Found("", source, inner) if inner is not None else Found()
        return Found()

    def _resolve_full(self, parts: tuple[str, ...], near: Source, steps: int) -> Found:
        """Return what a full name means: in a file of the repository, else outside it."""
        for length in range(len(parts), 0, -1):
            module = self.find_module(".".join(parts[:length]), near)
            if module is None or module is near:
                continue
            rest = parts[length:]
            if not rest:
                return Found(".".join(parts))
            found = self._resolve_parts(module, rest, steps - 1)
            if found.node is not None or found.origin:
                return found
            break
        return Found(".".join(parts))


def _count_common(one: str, other: str) -> tuple[int, int]:
    """Return how many leading folders two paths share, and how short the first one is."""
    left, right = PurePosixPath(one).parts[:-1], PurePosixPath(other).parts[:-1]
    common = 0
    while common < min(len(left), len(right)) and left[common] == right[common]:
        common += 1
    return common, -len(left)


def read_text(root: Path, path: str) -> str:
    """Return the text of a file of the repository.

    A link is not followed, because it may lead out of the repository. Raises `OSError` for it, and
    for a file over 1 MB; `ValueError` for one whose encoding is not known.
    """
    file = root / path
    if file.is_symlink() or not file.resolve().is_relative_to(root.resolve()):
        raise OSError(f"{path} is a link")
    if file.stat().st_size > _MAX_BYTES:
        raise OSError(f"{path} has more than {_MAX_BYTES:,} bytes")
    return decode(file.read_bytes())


def decode(content: bytes) -> str:
    """Return a text in UTF-8, in the encoding that its first lines name, or in marked UTF-16.

    PowerShell writes UTF-16 with its mark; `# -*- coding: latin-1 -*-` is Python's (PEP 263).
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        try:
            encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        except SyntaxError as error:
            raise ValueError(f"its encoding is not known: {error.msg}") from error
    text = content.decode(encoding)
    return text.replace("\r\n", "\n")
