"""Wrong names: another variable, parameter or function of the same scope."""

import ast
import builtins
import difflib
import re
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._standard_library import find_similar_names
from theseus_repair.operators._view import View
from theseus_repair.source import collect_bound_names, list_parameters

PER_SITE = 10
READ_ONCE = 0.7
UNDEFINED = re.compile(r"name '(\w+)' is not defined|variable '(\w+)'")


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield other names for one statement."""
    missing = UNDEFINED.search(view.crash.message)
    absent = (missing[1] or missing[2]) if missing else ""
    for node in view.iterate_nodes(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if node.id == absent:
                yield from _propose_defined(node, view)
            elif not view.source.is_called(node):
                yield from _propose_others(node, view)
                yield from _propose_attributes(node, view)
                yield from _propose_imported(node, view)
            elif node.id in view.pools.functions:
                yield from _propose_callees(node, view)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield from _propose_targets(node, view)


def _measure_likeness(left: str, right: str) -> float:
    return difflib.SequenceMatcher(None, left, right).ratio()


def _propose_defined(node: ast.Name, view: View) -> Iterator[Candidate]:
    """Yield existing names for an undefined one, nearest first."""
    visible = set(view.list_names_before(node)) | collect_bound_names(view.source.tree)
    visible |= set(difflib.get_close_matches(node.id, dir(builtins), 2, 0.75))
    visible.discard(node.id)
    for name in difflib.get_close_matches(node.id, sorted(visible), 6, 0.5):
        yield view.put(node, name, "name", 0.55 + 0.4 * _measure_likeness(node.id, name))
    for name in view.list_names_before(node):
        yield view.put(node, name, "name", 0.45)
    if node.id in _list_self_attributes(node, view):
        yield view.put(node, f"self.{node.id}", "name", 0.9)


def _list_self_attributes(node: ast.AST, view: View) -> list[str]:
    klass = view.source.find_class(node)
    if klass is None:
        return []
    found = [
        inner.attr
        for inner in ast.walk(klass)
        if isinstance(inner, ast.Attribute)
        and isinstance(inner.value, ast.Name)
        and inner.value.id == "self"
    ]
    found += [item.name for item in klass.body if isinstance(item, ast.FunctionDef)]
    found += [
        item.target.id
        for item in klass.body
        if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
    ]
    return list(dict.fromkeys(found))


def _propose_others(node: ast.Name, view: View) -> Iterator[Candidate]:
    function = view.source.find_function(node)
    if function is None:
        return
    names = [name for name in view.list_names_before(node) if name != node.id]
    read = [
        inner.id for inner in ast.walk(function)
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load)
    ]  # fmt: skip
    parameters = {arg.arg for arg in list_parameters(function)}

    # A name that is only read here would become unused.
    fit = READ_ONCE if read.count(node.id) == 1 else 1.0

    def compute_weight(name: str) -> float:
        unread = 0.35 if name not in read else 0.0
        likely = (
            0.32
            + unread * (1.2 if name in parameters else 1)
            + 0.2 * _measure_likeness(node.id, name)
        )
        return fit * likely

    for name in sorted(names, key=compute_weight, reverse=True)[:PER_SITE]:
        yield view.put(node, name, "name", compute_weight(name))


def _propose_attributes(node: ast.Name, view: View) -> Iterator[Candidate]:
    """Yield the name's own attributes, as they are used elsewhere in the function."""
    function = view.source.find_function(node)
    if function is None or isinstance(view.source.parents.get(node), ast.Attribute):
        return
    used = {
        inner.attr: None for inner in ast.walk(function)
        if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Name)
        and inner.value.id == node.id and isinstance(inner.ctx, ast.Load)
    }  # fmt: skip
    for attribute in list(used)[:4]:
        yield view.put(node, f"{node.id}.{attribute}", "name", 0.2)


def _propose_imported(node: ast.Name, view: View) -> Iterator[Candidate]:
    """Yield names similar to one imported from the standard library, with their imports."""
    if node.id not in view.source.imported_names:
        return
    module, alias = view.source.imported_names[node.id]
    once = sum(getattr(each, "id", "") == node.id for each in view.source.nodes) == 1
    for name in find_similar_names(node.id, module):
        imported = view.source.replace(alias, name if once else f"{node.id}, {name}")
        edits = [imported, view.source.replace(node, name)]
        why = f"`{name}` instead of `{node.id}`"
        yield view.make(edits, "name", 0.2 + 0.3 * _measure_likeness(node.id, name), why, node)


def _propose_callees(node: ast.Name, view: View) -> Iterator[Candidate]:
    own = collect_bound_names(view.source.tree)
    names = [name for name in view.pools.functions if name in own and name != node.id]
    for name in difflib.get_close_matches(node.id, names, 4, 0.4):
        yield view.put(node, name, "name", 0.25 + 0.3 * _measure_likeness(node.id, name))


def _propose_targets(node: ast.Name, view: View) -> Iterator[Candidate]:
    if not isinstance(view.source.parents.get(node), (ast.Assign, ast.AugAssign)):
        return
    for name in [name for name in view.list_names_before(node) if name != node.id][:6]:
        yield view.put(node, name, "name", 0.2 + 0.1 * _measure_likeness(node.id, name))
