"""Rejects new texts before any test runs: unbound names, and tautologies."""

import ast
import builtins
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from theseus_guard.syntax import parse

from theseus_repair.model import Texts
from theseus_repair.source import get_bound_name


@dataclass(frozen=True, slots=True)
class Oddities:
    """Suspicious parts of a source: unbound names, values compared with themselves."""

    unbound: frozenset[str] = frozenset()
    tautologies: int = 0

    def __le__(self, other: "Oddities") -> bool:
        """Return whether every oddity here is also in the other one."""
        return self.unbound <= other.unbound and self.tautologies <= other.tautologies


def find_oddities(text: str) -> Oddities | None:
    """Return the oddities of a source; `None` if it does not parse."""
    try:
        tree = parse(text)
    except (SyntaxError, ValueError):
        return None
    nodes = list(ast.walk(tree))
    return Oddities(frozenset(find_unknown_names(nodes)), count_tautologies(nodes))


def is_sound(files: Texts, originals: Texts) -> bool:
    """Return whether new texts parse, and have no new unbound names or tautologies."""
    for path, text in files.items():
        after, before = find_oddities(text), get_oddities(originals[path])
        if after is None:
            return False
        if before is not None and not after <= before:
            return False
    return True


@lru_cache(maxsize=64)
def get_oddities(text: str) -> Oddities | None:
    """Return the oddities of an original text, cached because all candidates need them."""
    return find_oddities(text)


def find_unknown_names(nodes: Sequence[ast.AST]) -> set[str]:
    """Return names that are read but bound nowhere among these nodes of a module, nor built in."""
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in nodes):
        return set()
    read = {
        node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    special = {"__file__", "__name__", "__doc__", "__path__", "__class__"}
    unbound = read - set(dir(builtins)) - special
    return unbound - set(filter(None, map(get_bound_name, nodes))) if unbound else unbound


def count_tautologies(nodes: Sequence[ast.AST]) -> int:
    """Return how often a value is compared with or assigned to itself: `a < a`, `a = a`."""
    pairs: list[tuple[ast.expr, ast.expr]] = []
    for node in nodes:
        if isinstance(node, ast.Compare):
            pairs += zip((node.left, *node.comparators), node.comparators, strict=False)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("isinstance", "issubclass"):
            pairs += [(node.args[0], node.args[1])] if len(node.args) == 2 else []
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            same = [getattr(target, "id", "") == node.value.id for target in node.targets]
            pairs += [(node.value, node.value)] * sum(same)
    return sum(
        type(left) is type(right) and ast.dump(left) == ast.dump(right) for left, right in pairs
    )
