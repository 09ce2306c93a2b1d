"""A block after which a function continues although it should return."""

import ast
import builtins
from collections.abc import Iterator

from theseus_repair.model import Candidate
from theseus_repair.operators._view import View
from theseus_repair.source import FunctionNode

ENDING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.ExceptHandler)
LEAVES = (ast.Return, ast.Raise, ast.Break, ast.Continue)
RETURNS = 4


def propose(statement: ast.stmt, view: View) -> Iterator[Candidate]:
    """Yield the return of another place, or a bare return, at the end of a block."""
    for part in (statement, *getattr(statement, "handlers", ())):
        function = view.source.find_function(statement)
        if isinstance(part, ENDING) and isinstance(function, FunctionNode):
            yield from _propose_exits(part.body[-1], function, view)


def _propose_exits(last: ast.stmt, function: FunctionNode, view: View) -> Iterator[Candidate]:
    if isinstance(last, LEAVES) or not view.source.is_line_start(last):
        return
    own = [node for node in ast.walk(function) if view.source.find_function(node) is function]
    returns = [node for node in own if isinstance(node, ast.Return)]
    known = {
        *view.list_names_before(last),
        *view.source.module_names,
        *dir(builtins),
        "self",
        "cls",
    }
    texts = {
        view.get_code(each): None
        for each in returns
        if {node.id for node in ast.walk(each) if isinstance(node, ast.Name)} <= known
    }
    if not any(each.value for each in returns):
        texts["return"] = None
    for text in [text for text in texts if "\n" not in text][:RETURNS]:
        edit = view.source.insert_after(last, [text])
        yield view.make([edit], "return", 0.2, f"add `{text}`", last)
