"""Names are plain technical English: functions are verbs."""

import ast
import gc
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.vocabulary import AVOIDED, DOCSTRING_VERBS, OTHER_OPENINGS, VERBS

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("bot", "cogs", "packages", "bench", "tests/support", "tests/fakes", "tests/twins")
FILES = [
    path
    for folder in FOLDERS
    for path in sorted((ROOT / folder).rglob("*.py"))
    if folder != "packages" or "tests" not in path.parts
]
Function = ast.FunctionDef | ast.AsyncFunctionDef

# What has its name from elsewhere: it is a property, a command that people type, or a hook.
NAMED_ELSEWHERE = (
    "property", "cached_property", "setter", "command", "group", "context_menu", "callback", "loop",
    "fixture", "hookimpl", "wraps", "tool", "error",
)  # fmt: skip
# Overrides of methods of libraries, and handlers that are found by the name of a tool or an event.
LIBRARY_NAMES = frozenset(
    """
autocomplete before_identify_hook bulk_delete_messages callback connection_lost connection_made
compose_node data_received eof_received fast_forward fetchall fetchone interaction_by_token
interaction_check main monotonic new_interaction do_POST now prctl received_message
redirect_request reportinfo runtest setup setup_hook teardown time validateLink writelines aclose
""".split()  # noqa: SIM905
)
# The functions of `theseus NAME`: they are called as people type them.
COMMANDS = frozenset(
    """
bench budget completion demo dependencies doctor intent rolling_restart verdict
""".split()  # noqa: SIM905
)
HANDLERS_BY_NAME = frozenset({"ToolHandlers", "ChatToolHandlers"})
# People read “wishes” above feature requests; `owned_files` and `kept` are in their files.
KNOWN = frozenset(
    """
owned_files kept events_kept list_wishes wishes wish is_name_taken is_taken alike
""".split()  # noqa: SIM905
)


@pytest.fixture(scope="module", autouse=True)
def parsed_once() -> Iterator[None]:
    """Keep what is parsed for this module's tests; the collector need not look at it."""
    gc.disable()
    yield
    for kept in (parse_file, list_functions):
        kept.cache_clear()
    gc.enable()


@cache
def parse_file(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def list_functions(path: Path) -> tuple[tuple[Function, str], ...]:
    """Return each function with the name of the class it is a method of."""
    return tuple(walk_functions(parse_file(path)))


def walk_functions(node: ast.AST, owner: str = "") -> Iterator[tuple[Function, str]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            yield child, owner
            yield from walk_functions(child)
        elif not isinstance(child, ast.expr):  # an expression contains no function with a name
            yield from walk_functions(
                child, child.name if isinstance(child, ast.ClassDef) else owner
            )


def is_named_elsewhere(function: Function, owner: str) -> bool:
    """Return whether a library, people or a tool gave the function its name."""
    decorators = [
        ast.unparse(each).partition("(")[0].rpartition(".")[2] for each in function.decorator_list
    ]
    return (
        function.name.startswith(("__", "pytest_", "visit_", "cog_"))
        or function.name.strip("_") in LIBRARY_NAMES | COMMANDS
        or owner in HANDLERS_BY_NAME
        or any(each in NAMED_ELSEWHERE for each in decorators)
    )


def split_name(name: str) -> list[str]:
    return name.strip("_").lower().split("_")


def find_wrong_openings(path: Path) -> Iterator[str]:
    for function, owner in list_functions(path):
        opening = split_name(function.name)[0]
        if opening not in VERBS | OTHER_OPENINGS and not is_named_elsewhere(function, owner):
            yield f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"


def test_functions_begin_with_a_verb() -> None:
    """A verb that is missing in tests/support/vocabulary.py may be added; a participle may not."""
    assert [each for path in FILES for each in find_wrong_openings(path)] == []


def find_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield the names of functions, parameters, attributes, fields and constants."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node.lineno, node.name
            arguments = node.args
            for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                yield each.lineno, each.arg
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.lineno, node.target.id


def find_avoided(path: Path) -> Iterator[str]:
    names = [(1, path.stem), *find_names(parse_file(path))]
    for line, name in names:
        if name not in KNOWN and not AVOIDED.isdisjoint(split_name(name)):
            yield f"{path.relative_to(ROOT)}:{line} {name}"


def test_no_name_has_a_word_of_our_own() -> None:
    """docs/glossary.md says what is written instead."""
    assert [each for path in FILES for each in find_avoided(path)] == []


LOOSE_DOCSTRINGS = 16  # in everyday cogs, whose text the planted faults quote


def is_loose(function: Function) -> bool:
    """Return whether a function's docstring does not begin with a verb that says what to do."""
    text = ast.get_docstring(function) or ""
    opening = re.match(r"[A-Za-z]+", text)
    return bool(text) and (opening is None or opening[0].lower() not in VERBS | DOCSTRING_VERBS)


def test_docstrings_of_functions_begin_with_a_verb() -> None:
    """A ratchet: lower the number whenever there are fewer."""
    loose = [
        f"{path.relative_to(ROOT)}:{function.lineno} {function.name}"
        for path in FILES
        for function, owner in list_functions(path)
        if not is_named_elsewhere(function, owner) and is_loose(function)
    ]
    assert len(loose) <= LOOSE_DOCSTRINGS, "\n".join(loose)
