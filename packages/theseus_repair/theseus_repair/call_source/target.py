"""Finds the function of a frame in the text of its file."""

import ast
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal, Protocol

from theseus_guard.source_folders import find_source_folder
from theseus_guard.syntax import parse


class CallFrame(Protocol):
    """The frame of a call; `arguments` maps each parameter to the source of a literal."""

    @property
    def file(self) -> str:
        """The path below the root, with forward slashes."""
        ...

    @property
    def line(self) -> int:
        """The line that ran; 0 if it is not known."""
        ...

    @property
    def function(self) -> str:
        """The dotted name of the function in its module."""
        ...

    @property
    def module(self) -> str:
        """The dotted name of the module."""
        ...

    @property
    def arguments(self) -> Mapping[str, str]:
        """The literals of the arguments, by parameter."""
        ...


@dataclass(frozen=True, slots=True)
class SourceCall:
    """Implements `CallFrame` for a call that was recorded."""

    file: str
    line: int
    function: str
    module: str
    arguments: Mapping[str, str]


Function = ast.FunctionDef | ast.AsyncFunctionDef
Way = Literal["plain", "async", "generator"]

# A call of one of these does not run the body, or is made by a framework.
_NOT_CALLED = frozenset(
    {"property", "cached_property", "contextmanager", "asynccontextmanager", "fixture", "setter"}
)


@dataclass(frozen=True)
class CallTarget:
    """A function that can be called as `module.<path>`. `parameters` leaves out `cls`."""

    path: str
    function: Function
    parameters: ast.arguments
    way: Way

    @property
    def is_decorated(self) -> bool:
        """True if the type of the function may differ from its `def`."""
        names = {_get_decorator_name(node) for node in self.function.decorator_list}
        return bool(names - {"staticmethod", "classmethod"})


def get_module(file: str) -> tuple[str, str] | None:
    """Return (package, module) to import a file by; the package of a top-level one is empty."""
    path = PurePosixPath(file)
    if path.suffix != ".py" or path.is_absolute():
        return None
    parts = list(path.with_suffix("").parts[len(find_source_folder(path).parts) :])
    if parts[-1:] == ["__init__"]:
        parts = parts[:-1]
    if not parts or not all(_is_plain_name(part) for part in parts):
        return None
    return ".".join(parts[:-1]), parts[-1]


def _is_plain_name(name: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII)) and not keyword.iskeyword(name)


def _get_decorator_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _parse(text: str) -> ast.Module | None:
    try:
        return parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _find_function(body: list[ast.stmt], name: str, line: int) -> Function | None:
    found = [
        node
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    ]
    # Of several definitions, the one around the frame's line; else the last, which is in effect.
    inside = [node for node in found if node.lineno <= line <= (node.end_lineno or node.lineno)]
    return (inside or found)[-1] if found else None


def find_target(text: str, frame: CallFrame) -> CallTarget | None:
    """Return the frame's function if it can be called without an object, else `None`."""
    tree = _parse(text)
    names = frame.function.split(".")
    if tree is None or not all(_is_plain_name(name) for name in names) or len(names) > 2:
        return None
    body = tree.body
    if len(names) == 2:
        classes = [n for n in body if isinstance(n, ast.ClassDef) and n.name == names[0]]
        if not classes:
            return None
        body = classes[-1].body
    function = _find_function(body, names[-1], frame.line)
    if function is None:
        return None
    decorators = {_get_decorator_name(node) for node in function.decorator_list}
    parameters = _strip_class_parameter(function.args, decorators)
    if decorators & _NOT_CALLED or (len(names) == 2 and parameters is None):
        return None
    way = _classify(function)
    return way and CallTarget(frame.function, function, parameters or function.args, way)


def _strip_class_parameter(arguments: ast.arguments, decorators: set[str]) -> ast.arguments | None:
    """Return the parameters of a static or class method; `None` for other functions."""
    if "staticmethod" in decorators:
        return arguments
    if "classmethod" not in decorators or not (arguments.posonlyargs or arguments.args):
        return None
    stripped = ast.arguments(**dict(ast.iter_fields(arguments)))
    if stripped.posonlyargs:
        stripped.posonlyargs = stripped.posonlyargs[1:]
    else:
        stripped.args = stripped.args[1:]
    return stripped


def _walk_own(function: Function) -> Iterator[ast.AST]:
    """Walk a function's own body, not those of functions and classes inside it."""
    left: list[ast.AST] = list(function.body)
    while left:
        node = left.pop()
        yield node
        inner = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
        if not isinstance(node, inner):
            left.extend(ast.iter_child_nodes(node))


def _classify(function: Function) -> Way | None:
    generates = any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _walk_own(function))
    if isinstance(function, ast.AsyncFunctionDef):
        return None if generates else "async"
    return "generator" if generates else "plain"
