"""Reads from a cog's source how its commands are presented to people: names, options, help."""

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from theseus_guard.syntax import parse

_MAKERS = frozenset(
    {"command", "hybrid_command", "group", "hybrid_group", "slash_command", "context_menu"}
)
_GROUP_MAKERS = frozenset({"group", "hybrid_group", "Group"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class CommandOption(NamedTuple):
    """An option of a command: its name, its type and default as source, and its description."""

    name: str
    form: str
    description: str


class CommandText(NamedTuple):
    """A command as people see it; `name` is complete, such as `reminders list`."""

    name: str
    description: str
    options: tuple[CommandOption, ...]


def read_commands(source: str) -> Mapping[str, CommandText]:
    """Return the commands of a file by name; none if it is not Python."""
    try:
        tree = parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    groups = dict(_iterate_groups(tree))
    found = (_read_command(each, owner, groups) for each, owner in _iterate_functions(tree, ""))
    return {command.name: command for command in found if command is not None}


def _iterate_functions(node: ast.AST, prefix: str) -> Iterator[tuple[_Function, str]]:
    """Yield the functions of modules and classes, with the group that their class is."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            yield child, prefix
        elif isinstance(child, ast.ClassDef):
            names = {each.arg: each.value for each in child.keywords if each.arg}
            is_group = any(_get_last_name(base) in ("GroupCog", "Group") for base in child.bases)
            given = _get_text(names.get("group_name")) or _get_text(names.get("name"))
            yield from _iterate_functions(child, (given or child.name.lower()) if is_group else "")


def _iterate_groups(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Yield the variables that hold a group, with the group's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            if _get_last_name(node.value.func) in _GROUP_MAKERS:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield target.id, _get_name(node.value) or target.id
        elif isinstance(node, _Function):
            for each in node.decorator_list:
                if _get_last_name(each) in _GROUP_MAKERS:
                    yield node.name, _get_name(each) or node.name


def _read_command(function: _Function, owner: str, groups: Mapping[str, str]) -> CommandText | None:
    making = next((e for e in function.decorator_list if _get_last_name(e) in _MAKERS), None)
    if making is None:
        return None
    parent = owner
    called = making.func if isinstance(making, ast.Call) else making
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name):
        parent = groups.get(called.value.id, owner)
    described = _get_keyword_text(making, "description")
    lines = (ast.get_docstring(function) or "").strip().splitlines()
    return CommandText(
        name=f"{parent} {_get_name(making) or function.name}".strip(),
        description=described or (lines[0] if lines else ""),
        options=tuple(_iterate_options(function)),
    )


def _iterate_options(function: _Function) -> Iterator[CommandOption]:
    """Yield the parameters after the object and the interaction."""
    texts: dict[str, str] = {}
    names: dict[str, str] = {}
    for each in function.decorator_list:
        if isinstance(each, ast.Call) and _get_last_name(each) in ("describe", "rename"):
            found = {word.arg: _get_text(word.value) for word in each.keywords if word.arg}
            (texts if _get_last_name(each) == "describe" else names).update(found)
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    skipped = 2 if positional and positional[0].arg in ("self", "cls") else 1
    missing = [None] * (len(positional) - len(arguments.defaults))
    pairs = [*zip(positional, [*missing, *arguments.defaults], strict=True)][skipped:]
    for argument, default in [
        *pairs,
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]:
        form = ast.unparse(argument.annotation) if argument.annotation else ""
        form += f" = {ast.unparse(default)}" if default is not None else ""
        yield CommandOption(
            names.get(argument.arg) or argument.arg, form, texts.get(argument.arg, "")
        )


def _get_last_name(node: ast.expr) -> str:
    """Return the last part of what is called or named: `command` of `app_commands.command()`."""
    if isinstance(node, ast.Call):
        return _get_last_name(node.func)
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _get_name(node: ast.expr) -> str:
    return _get_keyword_text(node, "name")


def _get_keyword_text(node: ast.expr, keyword: str) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return next((_get_text(each.value) for each in node.keywords if each.arg == keyword), "")


def _get_text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
