"""Small changes of a program that its tests should notice: those that live were not looked at."""

import ast
import copy
import random
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from bot.domain.proof import Proof
from bot.guards import is_test_file
from bot.infra.syntax import parse

MOST = 10
"""How many mutants of a module are tried, unless told otherwise."""

_FLIPPED: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE,
    ast.GtE: ast.Gt, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_MAX_LENGTH = 60

Change = Callable[[ast.AST], None]


class Mutant(NamedTuple):
    """A module with one small change: its whole text, where it is, and what was done there."""

    line: int
    description: str
    text: str


class _Site(NamedTuple):
    """Where a change can be made: the node's place in a walk of the tree, and how."""

    at: int
    line: int
    description: str
    change: Change


def generate_mutants(text: str, *, seed: int = 0, most: int = MOST) -> tuple[Mutant, ...]:
    """Return mutants of a module, each valid Python: the same for the same text and seed.

    Comparisons turn round, conditions are negated, numbers are one more or less, statements that
    do something and answer nothing go. They are drawn from all over the module; none of a text
    that is no Python.
    """
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return ()
    sites = [*_iterate_sites(tree)]
    random.Random(seed).shuffle(sites)  # noqa: S311 - a draw that can be made again
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
    """Return the program file that new tests are about; empty where none can be told.

    `tests` are their texts by path, `files` all there are at base, `said` what was asked for. It
    is named in a test, as `cogs.polls`; of several, the one that is spoken of.
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
    return next(iter((*spoken, *sorted(named, key=lambda each: -len(each)))), "")


def build_covering_proof(module: str, killed: Sequence[Mutant], left: Sequence[Mutant]) -> Proof:
    """Return what new tests prove by the mutants that lived through base's.

    Some are `killed` by them, some are `left`.
    """
    lived = len(killed) + len(left)
    told = f"kills {len(killed) or 'none'} of {lived} mutants of `{module}` that lived"
    if not lived:
        told = f"no mutant of `{module}` lives that new tests could kill"
    lines = (
        *(f"killed: {_format_mutant(each)}" for each in killed),
        *(f"lives: {_format_mutant(each)}" for each in left),
    )
    return Proof(kind="covering", holds=bool(killed), summary=told, details=lines)


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
            yield from (_Site(at, line, told, change) for told, change in _iterate_changes(node))


def _iterate_changes(node: ast.AST) -> Iterator[tuple[str, Change]]:
    """Yield what can be done to a node, and how."""
    match node:
        case ast.Compare(ops=[operator]) if type(operator) in _FLIPPED:
            yield f"`{_shorten(node)}` turned round", _flip
        case ast.If() | ast.While() | ast.IfExp():
            yield f"`{_shorten(node.test)}` negated", _negate
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            yield f"{value} made {value + 1}", lambda found: _add(found, 1)
            yield f"{value} made {value - 1}", lambda found: _add(found, -1)
        case ast.Expr(value=ast.Call() | ast.Await()):
            yield f"`{_shorten(node)}` left out", _leave_out


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
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _stem(file: str) -> str:
    """Return what people call a module: without the ending that makes it several."""
    return re.escape(_to_module_name(file).rpartition(".")[2].strip("_").removesuffix("s"))


def _expand_imports(text: str) -> str:
    """Return a text with `from cogs import polls` told as `cogs.polls` too."""
    found = re.findall(r"^from ([\w.]+) import \(?([\w, ]+)", text, re.MULTILINE)
    told = [f"{package}.{name.strip()}" for package, names in found for name in names.split(",")]
    return "\n".join((text, *told))
