"""Finds new names that look like another name of their file: `is_aIlowed` next to `is_allowed`.

A reader takes the two for one name; Python does not. Only names that a change adds are checked.
"""

import ast
import keyword
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from theseus_guard._layout import Oddity
from theseus_guard._letters import compute_skeleton, split_words

_SHORTEST = 4
"""Shorter plain names are not compared: people read them letter by letter, as `l1` and `ll`."""

_KEYWORDS = frozenset(keyword.kwlist)
_USES = (ast.keyword, ast.Global, ast.Nonlocal)


class SimilarName(NamedTuple):
    """A new name; `blocking` if the file binds it and still has the name it looks like."""

    oddity: Oddity
    blocking: bool


class _Names(NamedTuple):
    """The names of a file, with the line of each name's first use and of its first binding."""

    used: Mapping[str, int]
    bound: Mapping[str, int]


def find_similar_names(before: ast.Module | None, after: ast.Module) -> Iterator[SimilarName]:
    """Yield names that are new in a file and look like one that it has or had."""
    old = _collect_names(before).used if before is not None else {}
    now = _collect_names(after)
    by_skeleton: dict[str, set[str]] = defaultdict(set)
    for name in {*old, *now.used, *_KEYWORDS}:
        by_skeleton[compute_skeleton(name)].add(name)
    for name, line in now.used.items():
        others = {
            other
            for other in by_skeleton[compute_skeleton(name)] - {name}
            if _is_confusing(name, other)
        }
        if name in old or not others:
            continue
        present = others & {*now.used, *_KEYWORDS}
        blocking = name in now.bound and bool(present)
        why = f"a name looks like {min(present or others)!a}, but is another one"
        yield SimilarName(Oddity(now.bound.get(name, line), why), blocking)


def _is_confusing(name: str, other: str) -> bool:
    return len(compute_skeleton(name)) >= _SHORTEST or not (name.isascii() and other.isascii())


def _collect_names(tree: ast.Module) -> _Names:
    used: dict[str, int] = {}
    bound: dict[str, int] = {}
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        binds = not isinstance(getattr(node, "ctx", None), ast.Load) and not isinstance(node, _USES)
        for name in _iterate_names(node):
            used.setdefault(name, line)
            if binds:
                bound.setdefault(name, line)
    return _Names(used, bound)


def _iterate_names(node: ast.AST) -> Iterator[str]:
    """Yield the names stored in the fields of one node; a string constant has none."""
    if isinstance(node, ast.Constant):
        return
    for _, value in ast.iter_fields(node):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                yield from split_words(text)
