"""Finds edits that can silence a failing call without fixing it.

That a call no longer raises proves little if the edit inverted or dropped a condition, answers with
a fixed value, returns early, or catches the exception. Such edits are found by comparing the two
trees function by function: a condition that is gone, an answer or a handler that is new. Who made
the edit, and how they describe it, does not matter.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from theseus_guard.syntax import parse

from theseus_repair.facts import Facts, Sort, collect_facts

HazardKind = Literal["condition", "constant", "exception", "undo"]
Texts = Mapping[str, str]

_GAINED: dict[Sort, tuple[HazardKind, str]] = {
    "answer": ("constant", "answers with a fixed value"),
    "exit": ("constant", "returns early"),
    "raise": ("exception", "raises instead of answering"),
    "handler": ("exception", "catches an exception and continues"),
    "negated": ("condition", "inverts a condition"),
}


JOINED = "joins a condition to another"


@dataclass(frozen=True, slots=True)
class Hazard:
    """A part of an edit that a single failing call cannot judge. `line` is a line of head."""

    kind: HazardKind
    path: str
    line: int
    description: str


def find_hazards(before: Texts, after: Texts) -> tuple[Hazard, ...]:
    """Return the hazards of changing `before` into `after`, by path; each once.

    New texts have nothing to be compared with, and texts that do not parse cannot be compared:
    neither has hazards here.
    """
    found: dict[Hazard, None] = {}
    for path, text in after.items():
        trees = _parse_trees(before.get(path), text)
        if trees is None or has_same_behaviour(before[path], text):
            continue
        old, new = collect_facts(trees[0]), collect_facts(trees[1])
        for scope in {**old, **new}:
            for kind, line, description in _compare_scope(
                old.get(scope, Facts()), new.get(scope, Facts())
            ):
                found[Hazard(kind, path, line, description)] = None
    return tuple(found)


def find_joined_conditions(before: Texts, after: Texts) -> tuple[Hazard, ...]:
    """Return the conditions that were joined to others, which may silence a call as new ones do."""
    found = []
    for path, text in after.items():
        trees = _parse_trees(before.get(path), text)
        old, new = (collect_facts(trees[0]), collect_facts(trees[1])) if trees else ({}, {})
        for scope, facts in new.items():
            gained = facts.count_keys("condition") - old.get(scope, Facts()).count_keys("condition")
            joints = Counter({key: gained[key] for key in ("both", "either") if gained[key]})
            if joints:
                found.append(Hazard("condition", path, _find_line(facts, joints), JOINED))
    return tuple(found)


def has_same_behaviour(before: str, after: str) -> bool:
    """Return whether two sources differ only in layout, comments or docstrings."""
    trees = _parse_trees(before, after)
    return trees is not None and _dump_code(trees[0]) == _dump_code(trees[1])


def _parse_trees(before: str | None, after: str) -> tuple[ast.Module, ast.Module] | None:
    if before is None:
        return None
    try:
        return parse(before), parse(after)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _dump_code(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            node.body = [statement for statement in node.body if not _is_text(statement)] or [
                ast.Pass()
            ]
    return ast.dump(tree)


def _is_text(statement: ast.stmt) -> bool:
    value = statement.value if isinstance(statement, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _compare_scope(old: Facts, new: Facts) -> Iterator[tuple[HazardKind, int, str]]:
    lost = old.count_keys("condition") - new.count_keys("condition")
    if lost or _is_reversed(old, new):
        line = (
            _find_line(new, new.count_keys("condition") - old.count_keys("condition")) or new.first
        )
        yield "condition", line, "inverts or drops a condition"
    if old.count_keys("raise").total() > new.count_keys("raise").total():
        yield "condition", new.first, "drops a refusal (`raise`)"
    for sort, (kind, description) in _GAINED.items():
        gained = new.count_keys(sort) - old.count_keys(sort)
        if gained:
            yield kind, _find_line(new, gained), description
    for name in sorted(new.count_keys("constant") - old.count_keys("constant")):
        gained = new.count_keys("empty", name) - old.count_keys("empty", name)
        if gained:
            yield "constant", _find_line(new, gained), "inserts an empty value"


def _is_reversed(old: Facts, new: Facts) -> bool:
    """Return whether an ordering comparison of the same two values was reversed."""
    before, after = old.count_keys("order"), new.count_keys("order")
    reversed_pairs = {_reverse(pair) for pair in before - after}
    return any(pair in reversed_pairs for pair in after - before)


def _reverse(pair: str) -> str:
    left, _, right = pair.partition(" < ")
    return f"{right} < {left}"


def _find_line(facts: Facts, keys: Counter[str]) -> int:
    """Return the last line of a fact with one of these keys; 0 if there is none."""
    return max((fact.line for fact in facts.all if fact.key in keys), default=0)
