"""Edits that quiet a failing call as easily as they mend it.

A call that no longer raises proves little where the edit turned a condition round, dropped one,
answers with a fixed value, leaves early, or catches what was raised. Such edits are told by what
stands in the two trees, function by function: a condition that was there and is gone, an answer or
a handler that is there and was not. Who made the edit, and what they call it, is not asked.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.infra.syntax import parse
from bot.proof.facts import Facts, Sort, collect_facts

HazardKind = Literal["condition", "constant", "exception", "undo"]
Texts = Mapping[str, str]

_GAINED: dict[Sort, tuple[HazardKind, str]] = {
    "answer": ("constant", "answers with a fixed value"),
    "exit": ("constant", "leaves early"),
    "raise": ("exception", "raises instead of answering"),
    "handler": ("exception", "catches an exception and goes on"),
    "negated": ("condition", "turns a condition round"),
}


JOINED = "joins a condition to another"


@dataclass(frozen=True, slots=True)
class Hazard:
    """One thing about an edit that a single failing call cannot judge. `line` is in the head."""

    kind: HazardKind
    path: str
    line: int
    description: str


def find_hazards(before: Texts, after: Texts) -> tuple[Hazard, ...]:
    """Return what is hazardous about changing `before` into `after`, by path; each once.

    Texts that are new have nothing to be compared with, and texts that do not parse cannot be
    compared: neither is hazardous here.
    """
    found: dict[Hazard, None] = {}
    for path, text in after.items():
        trees = _parse_trees(before.get(path), text)
        if trees is None or has_same_behaviour(before[path], text):
            continue
        old, new = collect_facts(trees[0]), collect_facts(trees[1])
        for scope in {**old, **new}:
            for kind, line, told in _compare_scope(
                old.get(scope, Facts()), new.get(scope, Facts())
            ):
                found[Hazard(kind, path, line, told)] = None
    return tuple(found)


def find_joined_conditions(before: Texts, after: Texts) -> tuple[Hazard, ...]:
    """Return where a condition was joined to another: that may quiet a call as a new one does."""
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
    """Return whether two sources differ in nothing that runs: layout, comments, docstrings."""
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
            node.body = [each for each in node.body if not _is_text(each)] or [ast.Pass()]
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
        yield "condition", line, "turns a condition round, or drops one"
    if old.count_keys("raise").total() > new.count_keys("raise").total():
        yield "condition", new.first, "drops a refusal (`raise`)"
    for sort, (kind, told) in _GAINED.items():
        gained = new.count_keys(sort) - old.count_keys(sort)
        if gained:
            yield kind, _find_line(new, gained), told
    for name in sorted(new.count_keys("constant") - old.count_keys("constant")):
        gained = new.count_keys("empty", name) - old.count_keys("empty", name)
        if gained:
            yield "constant", _find_line(new, gained), "puts an empty value in"


def _is_reversed(old: Facts, new: Facts) -> bool:
    """Return whether two things that were compared for order are compared the other way."""
    were, are = old.count_keys("order"), new.count_keys("order")
    turned = {_reverse(pair) for pair in were - are}
    return any(pair in turned for pair in are - were)


def _reverse(pair: str) -> str:
    left, _, right = pair.partition(" < ")
    return f"{right} < {left}"


def _find_line(facts: Facts, keys: Counter[str]) -> int:
    """Return the last line where one of these stands; 0 where none does."""
    return max((fact.line for fact in facts.all if fact.key in keys), default=0)
