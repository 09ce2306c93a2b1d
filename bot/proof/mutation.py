"""Small changes of a program that its tests should notice: a surviving mutant is not tested."""

import ast
import copy
import random
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import NamedTuple

from theseus_guard import is_test_file
from theseus_guard.source_folders import find_source_folder
from theseus_guard.syntax import parse

from bot.domain.proof import Proof

MOST = 10
"""The default number of mutants of a module."""

_FLIPPED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_MAX_LENGTH = 60

Change = Callable[[ast.AST], None]


class Mutant(NamedTuple):
    """A module with one small change: its complete text, the line, and a description."""

    line: int
    description: str
    text: str


class _Site(NamedTuple):
    """A place for a change: the node's index in a walk of the tree, and the change."""

    at: int
    line: int
    description: str
    change: Change


def generate_mutants(text: str, *, seed: int = 0, most: int = MOST) -> tuple[Mutant, ...]:
    """Return mutants of a module, each valid Python; equal for equal text and seed.

    Comparisons are inverted, conditions negated, numbers changed by one, and statements without a
    result removed. The places are drawn from the complete module. Return none if the text is not
    Python.
    """
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    sites = [*_iterate_sites(tree)]
    random.Random(seed).shuffle(sites)  # noqa: S311 - a reproducible choice, not a secret
    found: dict[str, Mutant] = {}
    original = f"{ast.unparse(tree)}\n"
    for site in sites:
        changed = _apply(tree, site)
        if changed != original and changed not in found:
            found[changed] = Mutant(site.line, site.description, changed)
        if len(found) == most:
            break
    return tuple(sorted(found.values()))


def find_covered_module(tests: Mapping[str, str], files: Collection[str], request: str) -> str:
    """Return the program file that new tests are about; empty if there is none.

    `tests` are their texts by path, `files` all files at base, `request` is what was asked for. The
    file is named in a test, as `cogs.polls`; if there are several, the one that the request
    mentions.
    """
    text = "\n".join(tests.values())
    named = [
        file
        for file in sorted(files)
        if file.endswith(".py")
        and not is_test_file(file)
        and re.search(
            rf"(?<![\w.]){re.escape(_to_module_name(file))}(?![\w])", _expand_imports(text)
        )
    ]
    spoken = [file for file in named if re.search(rf"\b{_stem(file)}", request, re.IGNORECASE)]
    return next(iter((*spoken, *sorted(named, key=lambda path: -len(path)))), "")


def build_covering_proof(module: str, killed: Sequence[Mutant], left: Sequence[Mutant]) -> Proof:
    """Return the proof of new tests by the mutants that survive base's tests.

    The new tests `killed` some of them; some are `left`.
    """
    lived = len(killed) + len(left)
    summary = f"kills {len(killed) or 'none'} of {lived} mutants of `{module}` that survived"
    if not lived:
        summary = f"no surviving mutant of `{module}` is left for new tests to kill"
    lines = (
        *(f"killed: {_format_mutant(mutant)}" for mutant in killed),
        *(f"survives: {_format_mutant(mutant)}" for mutant in left),
    )
    return Proof(kind="covering", holds=bool(killed), summary=summary, details=lines)


def _format_mutant(mutant: Mutant) -> str:
    return f"line {mutant.line}: {mutant.description}"


def _iterate_sites(tree: ast.Module) -> Iterator[_Site]:
    types = {
        id(part)
        for node in ast.walk(tree)
        if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation
        for part in ast.walk(node.annotation)
    }
    for at, node in enumerate(ast.walk(tree)):
        if id(node) not in types:
            line = getattr(node, "lineno", 0)
            yield from (
                _Site(at, line, description, change)
                for description, change in _iterate_changes(node)
            )


def _iterate_changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Yield the possible changes of a node, each with its description."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _FLIPPED:
            yield f"`{_shorten(node)}` inverted", _flip
        case ast.If() | ast.While() | ast.IfExp():
            yield f"`{_shorten(node.test)}` negated", _negate
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            yield f"{value} changed to {value + 1}", lambda found: _add(found, 1)
            yield f"{value} changed to {value - 1}", lambda found: _add(found, -1)
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield f"`{_shorten(node)}` removed", _leave_out


def _flip(node: ast.AST) -> None:
    if isinstance(node, ast.Compare):
        node.ops = [_FLIPPED[type(node.ops[0])]()]


def _negate(node: ast.AST) -> None:
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        node.test = ast.UnaryOp(ast.Not(), node.test)


def _add(node: ast.AST, more: int) -> None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        node.value += more


def _leave_out(node: ast.AST) -> None:
    if isinstance(node, ast.Expr):
        node.value = ast.Constant(...)


def _apply(tree: ast.Module, site: _Site) -> str:
    """Return the text of the tree with one node changed."""
    changed = copy.deepcopy(tree)
    node = next(islice(ast.walk(changed), site.at, None))
    site.change(node)
    return ast.unparse(ast.fix_missing_locations(changed)) + "\n"


def _shorten(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _MAX_LENGTH else f"{text[: _MAX_LENGTH - 1]}…"


def _to_module_name(file: str) -> str:
    path = PurePosixPath(file)
    name = str(path.relative_to(find_source_folder(path)))
    return name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _stem(file: str) -> str:
    """Return the name by which people call a module: without its plural ending."""
    return re.escape(_to_module_name(file).rpartition(".")[2].strip("_").removesuffix("s"))


def _expand_imports(text: str) -> str:
    """Return a text with `from cogs import polls` repeated as `cogs.polls`."""
    found = re.findall(r"^from ([\w.]+) import \(?([\w, ]+)", text, re.MULTILINE)
    dotted = [f"{package}.{name.strip()}" for package, names in found for name in names.split(",")]
    return "\n".join((text, *dotted))
