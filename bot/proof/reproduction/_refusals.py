"""Finds exceptions that are answers: a module's own, which a caller turns into a message."""

import ast
from collections.abc import Callable, Iterator, Sequence

from theseus_guard.syntax import parse
from theseus_repair.call_source.target import get_module

from bot.domain.journal import Frame

Read = Callable[[str], str | None]


def find_refusals(frame: Frame, outer: Sequence[Frame], read: Read) -> tuple[str, ...]:
    """Return classes of the frame's module that an outer frame catches, as `module.Name`."""
    module, tree = get_module(frame.file), _parse_tree(read(frame.file))
    if module is None or tree is None:
        return ()
    own = {node.name for node in tree.body if isinstance(node, ast.ClassDef) and node.bases}
    caught: dict[str, None] = {}
    for caller in outer:
        around = _parse_tree(read(caller.file))
        name = caller.function.rpartition(".")[2]
        for node in ast.walk(around) if around else ():
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
                caught.update(dict.fromkeys(_find_caught(node, caller.line)))
    return tuple(f"{module[1]}.{name}" for name in caught if name in own)


def _parse_tree(text: str | None) -> ast.Module | None:
    try:
        return parse(text) if text is not None else None
    except (SyntaxError, ValueError, RecursionError):
        return None


def _find_caught(function: ast.AST, line: int) -> Iterator[str]:
    """Yield the last name of each exception that is caught around a line and not raised again."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Try) or not _has_line(node.body, line):
            continue
        for handler in node.handlers:
            if any(isinstance(each, ast.Raise) for each in ast.walk(handler)):
                continue
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            for kind in kinds:
                if isinstance(kind, (ast.Name, ast.Attribute)):
                    yield kind.id if isinstance(kind, ast.Name) else kind.attr


def _has_line(body: Sequence[ast.stmt], line: int) -> bool:
    return body[0].lineno <= line <= (body[-1].end_lineno or 0)
