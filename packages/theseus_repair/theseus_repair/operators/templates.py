"""Applies the replacements of earlier commits where the same code occurs."""

import ast
from collections.abc import Iterator
from functools import lru_cache

from theseus_guard.syntax import parse

from theseus_repair.model import Candidate, SourceEdit
from theseus_repair.operators._view import View
from theseus_repair.soundness import find_unknown_names
from theseus_repair.source import Source
from theseus_repair.templates import VARIABLE, is_value

KIND = "template"
WEIGHT, OFTEN = 0.9, 1.2

Bound = dict[str, ast.AST]


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the templates' replacements for expressions of one statement."""
    templates = view.pools.templates
    for node in view.iterate_nodes(statement) if templates else ():
        for template in templates:
            bound: Bound = {}
            if _is_match(_parse_pattern(template.before), node, bound):
                text = view.add_parentheses(node, _fill_pattern(template.after, bound, view.source))
                weight = OFTEN if template.times > 1 else WEIGHT
                why = (
                    f"replace `{view.brief(node)}` by `{text}`, as commit {template.commit[:7]} did"
                )
                edits = [view.source.replace(node, text), *_build_imports(text, view)]
                yield view.make(edits, KIND, weight, why, node)


@lru_cache(maxsize=256)
def _parse_pattern(pattern: str) -> ast.expr:
    return parse(pattern, "eval").body


def _is_match(pattern: ast.AST, node: ast.AST, bound: Bound) -> bool:
    """Return whether a node matches a pattern; `bound` are the nodes of its variables."""
    if isinstance(pattern, ast.Name) and VARIABLE.fullmatch(pattern.id):
        if not is_value(node):
            return False
        known = bound.setdefault(pattern.id, node)
        return known is node or ast.dump(known) == ast.dump(node)
    if type(pattern) is not type(node):
        return False
    return all(
        _is_part_match(getattr(pattern, name, None), getattr(node, name, None), bound)
        for name in pattern._fields
    )


def _is_part_match(pattern: object, value: object, bound: Bound) -> bool:
    if isinstance(pattern, list) and isinstance(value, list):
        same = len(pattern) == len(value)
        return same and all(
            _is_part_match(*pair, bound) for pair in zip(pattern, value, strict=True)
        )
    if isinstance(pattern, ast.AST) and isinstance(value, ast.AST):
        return _is_match(pattern, value, bound)
    return pattern == value


def _fill_pattern(pattern: str, bound: Bound, source: Source) -> str:
    """Return a pattern with the code of its variables, in parentheses if necessary."""
    plain = VARIABLE.sub(lambda match: source.get_code(bound[match[0]]), pattern)
    closed = VARIABLE.sub(lambda match: f"({source.get_code(bound[match[0]])})", pattern)
    try:
        same = ast.dump(parse(f"({plain})", "eval")) == ast.dump(parse(closed, "eval"))
    except SyntaxError:
        return closed
    return plain if same else closed


def _build_imports(text: str, view: View) -> list[SourceEdit]:
    """Return the imports, as in another file, of names that this file does not know."""
    own = view.source.nodes
    names = find_unknown_names([*own, *ast.walk(parse(f"({text})", "eval"))]) - find_unknown_names(
        own
    )
    lines = [view.pools.imports.get(name, "") for name in sorted(names)]
    top = view.source.tree.body
    last = [node for node in top if isinstance(node, (ast.Import, ast.ImportFrom))][-1:]
    return [view.source.insert_after(last[0], lines)] if lines and last and all(lines) else []
