"""Reads what the installed discord.py has: its classes, members and parameters, from its source.

Nothing of it is run: it may be another version, of another Python, than the one of this process.
"""

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from theseus_guard.syntax import parse

from theseus_repair.library import EMPTY, Library, LibraryClass
from theseus_repair.model import Texts
from theseus_repair.source import FunctionNode, list_parameters, set_on_self

NAME = "discord"
_IMPORT = re.compile(rf"^\s*(?:import|from)\s+{NAME}\b", re.M)
BYTES_AT_MOST = 1_000_000
# Descriptions of Discord's data, and internals, whose names bots do not use but that are the same.
INTERNAL = {"types", "sync.py", "gateway.py", "http.py", "voice_client.py", "voice_state.py"}


def load_library(python: Path) -> Library:
    """Return discord.py as the environment of a Python has it. Blocks: reads its source."""
    for prefix in dict.fromkeys((python.parent.parent, python.resolve().parent.parent)):
        for folder in sorted(prefix.glob(f"lib/python3*/site-packages/{NAME}")):
            return _read(folder)
    return EMPTY


def read_ahead(python: Path | None) -> None:
    """Read the library, so that `load_used_library` need not. Blocks: reads its source."""
    if python is not None:
        load_library(python)


def load_used_library(python: Path | None, texts: Texts) -> Library:
    """Return discord.py if one of the texts imports it; otherwise reading it would be in vain."""
    if python is None or not any(_IMPORT.search(text) for text in texts.values()):
        return EMPTY
    return load_library(python)


@lru_cache(maxsize=4)
def _read(folder: Path) -> Library:
    classes: dict[str, LibraryClass] = {}
    functions: dict[str, tuple[str, ...]] = {}
    for file in sorted(folder.rglob("*.py")):
        if INTERNAL & {*file.parts} or file.stat().st_size > BYTES_AT_MOST:
            continue
        try:
            tree = parse(file.read_text(encoding="utf-8"))
        except (SyntaxError, ValueError):  # a template, or for another Python
            continue
        for statement in _iterate_statements(tree.body):
            if isinstance(statement, ast.ClassDef):
                classes[statement.name] = _read_class(statement)
            elif isinstance(statement, FunctionNode):
                functions[statement.name] = _list_names(statement)
    return Library(classes, functions)


def _iterate_statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield statements, also those below conditions such as `if TYPE_CHECKING`."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try):
            yield from _iterate_statements([*statement.body, *statement.orelse])


def _read_class(node: ast.ClassDef) -> LibraryClass:
    members: dict[str, str] = {}
    methods: dict[str, tuple[str, ...]] = {}
    coroutines: set[str] = set()
    makers: list[str] = []
    for statement in _iterate_statements(node.body):
        if isinstance(statement, FunctionNode):
            members[statement.name] = _get_annotation(statement.returns)
            decorators = {ast.unparse(each) for each in statement.decorator_list}
            if "property" not in "".join(decorators):
                methods[statement.name] = _list_names(statement)
            if isinstance(statement, ast.AsyncFunctionDef):
                coroutines.add(statement.name)
            if "classmethod" in decorators and len(list_parameters(statement)) == 1:
                makers.append(statement.name)
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            members[statement.target.id] = _get_annotation(statement.annotation)
        elif isinstance(statement, ast.Assign):
            names = [each.id for each in statement.targets if isinstance(each, ast.Name)]
            members.update(dict.fromkeys(names, ""))
            if "__slots__" in names:
                members.update(dict.fromkeys(_list_texts(statement.value), ""))
    for name in set_on_self(node):
        members.setdefault(name, "")
    members.pop("__slots__", None)
    bases = tuple(_get_last_name(base) for base in node.bases)
    return LibraryClass(
        tuple(filter(None, bases)), members, frozenset(coroutines), methods, tuple(makers)
    )


def _list_names(function: FunctionNode) -> tuple[str, ...]:
    own = [arg.arg for arg in list_parameters(function)]
    return tuple(name for name in own if name not in ("self", "cls"))


def _list_texts(node: ast.expr) -> list[str]:
    return [each.value for each in ast.walk(node)
            if isinstance(each, ast.Constant) and isinstance(each.value, str)]  # fmt: skip


def _get_annotation(node: ast.expr | None) -> str:
    return "" if node is None else ast.unparse(node).strip("\"'")


def _get_last_name(node: ast.expr) -> str:
    node = node.value if isinstance(node, ast.Subscript) else node
    return str(getattr(node, "attr", getattr(node, "id", "")))
