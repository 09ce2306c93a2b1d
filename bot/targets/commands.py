"""Finds the commands, listeners, loops and views of a repository by its decorators and calls."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from theseus_guard.record import Record

from bot.targets.clients import LIBRARIES, Clients
from bot.targets.source_tree import (
    Found,
    Function,
    Source,
    SourceTree,
    collect_definitions,
    get_keyword,
    get_text,
    split_dotted,
    walk_functions,
)

CommandKind = Literal["prefix", "hybrid", "slash", "menu", "own"]
"""How people call a command. `menu` is an entry of a context menu; `own` a command that the bot
dispatches itself, by the name of a method.
"""

_MAKERS: dict[str, CommandKind] = {
    "command": "prefix", "group": "prefix", "hybrid_command": "hybrid", "hybrid_group": "hybrid",
    "slash_command": "slash", "slash_group": "slash", "context_menu": "menu",
    "user_command": "menu", "message_command": "menu",
}  # fmt: skip
_MODULES = frozenset({"commands", "core", "hybrid", "app_commands"})
_GROUP_CLASSES = ("discord.app_commands.Group", "discord.app_commands.commands.Group")
_OWN_PREFIX = re.compile(r"([a-z]+_)(?=[a-z0-9])")
_FEWEST_OWN = 3


class FoundCommand(Record):
    """A command, with its full name as people type it (`tag create`) and its place."""

    name: str
    kind: CommandKind
    is_group: bool
    path: str
    line: int


@dataclass(frozen=True)
class _Making:
    """What a decorator makes of a function."""

    kind: CommandKind
    is_group: bool
    parent: str = ""


class CommandFinder:
    """Finds commands in one repository."""

    def __init__(self, tree: SourceTree, clients: Clients) -> None:
        self._tree = tree
        self._clients = clients
        self._made: dict[int, list[FoundCommand]] = {}

    def find_commands(self) -> list[FoundCommand]:
        """Return every command outside tests and examples, in the order of the files."""
        found: list[FoundCommand] = []
        for source in self._tree.sources:
            if source.is_aside:
                continue
            for function, owner in walk_functions(source.tree):
                found += self._classify(source, function, owner)
            found += self._find_constructed(source)
        return [*found, *self._find_own_dispatch()]

    def _classify(
        self, source: Source, function: Function, owner: ast.ClassDef | None
    ) -> list[FoundCommand]:
        """Return the commands that a function's decorators make of it; mostly none or one."""
        key = id(function)
        if key not in self._made:
            self._made[key] = []  # a decorator that names its own function ends here
            makings = [
                (decorator, making)
                for decorator in function.decorator_list
                if (making := self._read_decorator(source, decorator, owner)) is not None
            ]
            self._made[key] = [
                self._build(source, function, owner, decorator, making)
                for decorator, making in makings
            ]
        return self._made[key]

    def _build(
        self, source: Source, function: Function, owner: ast.ClassDef | None,
        decorator: ast.expr, making: _Making,
    ) -> FoundCommand:  # fmt: skip
        name = function.name
        if isinstance(decorator, ast.Call):
            first = decorator.args[0] if decorator.args else None
            name = get_text(get_keyword(decorator, "name")) or get_text(first) or name
        parent = making.parent or self._get_class_group(source, owner, making.kind)
        full = f"{parent} {name}".strip()
        return FoundCommand(
            name=full,
            kind=making.kind,
            is_group=making.is_group,
            path=source.path,
            line=function.lineno,
        )

    def _get_class_group(
        self, source: Source, owner: ast.ClassDef | None, kind: CommandKind
    ) -> str:
        """Return the group that the class of a slash command is; empty if it is none."""
        if owner is None or kind not in ("slash", "hybrid"):
            return ""
        roots = self._clients.get_roots(source, owner)
        is_group_cog = any(root.endswith(".GroupCog") for root in roots)
        if not is_group_cog and not any(root in _GROUP_CLASSES for root in roots):
            return ""
        if is_group_cog and kind == "hybrid":
            return ""
        for keyword in owner.keywords:
            if keyword.arg in ("group_name", "name") and get_text(keyword.value):
                return get_text(keyword.value) or ""
        return owner.name.lower()

    def _read_decorator(
        self, source: Source, decorator: ast.expr, owner: ast.ClassDef | None
    ) -> _Making | None:
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        parts = split_dotted(node)
        if not parts:
            return None
        found = self._tree.resolve(source, node)
        if found.origin:
            making = _read_full_name(found.origin)
            if making is not None or len(parts) == 1:
                return making
        if isinstance(found.node, Function) and found.source is not None:
            return self._read_own_decorator(found.source, found.node)
        if len(parts) == 1 or parts[-1] not in _MAKERS or not isinstance(node, ast.Attribute):
            return None
        return self._read_method(source, node, parts, owner)

    def _read_own_decorator(self, source: Source, function: Function) -> _Making | None:
        """Return what a decorator of the repository makes: what it calls or returns itself."""
        is_group = "group" in function.name
        for node in ast.walk(function):
            if isinstance(node, ast.Call):
                origin = self._tree.resolve(source, node.func).origin
                making = _read_full_name(origin) or self._read_command_class(source, node)
                if making is not None:
                    return _Making(making.kind, making.is_group or is_group)
        kind = _MAKERS.get(function.name)
        return _Making(kind, is_group) if kind and kind != "prefix" else None

    def _read_command_class(self, source: Source, call: ast.Call) -> _Making | None:
        """Return what is made by `Command(function)`, also if the class is in the repository."""
        found = self._tree.resolve(source, call.func)
        origins = {found.origin}
        if isinstance(found.node, ast.ClassDef) and found.source is not None:
            origins |= self._clients.get_roots(found.source, found.node)
        for origin in origins:
            making = _read_class_name(origin)
            if making is not None:
                return making
        return None

    def _read_method(
        self, source: Source, node: ast.Attribute, parts: tuple[str, ...],
        owner: ast.ClassDef | None,
    ) -> _Making | None:  # fmt: skip
        """Return what `GROUP.command`, `bot.command` or `tree.command` makes."""
        method, holder = parts[-1], parts[:-1]
        is_group = method.endswith("group")
        if holder[-1] == "app_command":  # the slash form of a hybrid group
            group = self._find_group(source, holder[:-1], owner)
            return _Making("slash", is_group, group.name if group else "")
        if method == "context_menu":
            return _Making("menu", False)
        parent = self._find_group(source, holder, owner)
        if parent is not None:
            return _Making(parent.kind, is_group, parent.name)
        value = self._tree.resolve(source, node.value)
        if isinstance(value.node, ast.Call) and value.source is not None:
            return self._read_holder(value, is_group, method)
        if holder[-1] in ("tree", "_tree"):
            return _Making("slash", is_group)
        if self._clients.is_client_name(source, holder):
            return _Making(_MAKERS[method], is_group)
        return None

    def _read_holder(self, value: Found, is_group: bool, method: str) -> _Making | None:
        """Return what a method makes of an object that the repository creates by a call."""
        call = value.node
        if not isinstance(call, ast.Call) or value.source is None:
            return None
        made = self._tree.resolve(value.source, call.func)
        if self._clients.get_client(made) is not None:
            return _Making(_MAKERS[method], is_group)
        if made.origin.endswith("CommandTree") and made.origin.startswith("discord"):
            return _Making("slash", is_group)
        if _is_slash_group(made, self._clients):
            return _Making("slash", is_group, get_text(get_keyword(call, "name")) or "")
        return None

    def _find_group(
        self, source: Source, holder: tuple[str, ...], owner: ast.ClassDef | None
    ) -> FoundCommand | None:
        """Return the group whose method a decorator calls, if it is a group command."""
        node = _join(holder)
        if owner is not None and len(holder) == 1:
            inner = collect_definitions(owner.body).get(holder[0])
            if isinstance(inner, Function):
                return next(iter(self._classify(source, inner, owner)), None)
            if isinstance(inner, ast.Call):
                made = self._tree.resolve(source, inner.func)
                if _is_slash_group(made, self._clients):
                    name = get_text(get_keyword(inner, "name")) or holder[0]
                    return FoundCommand(
                        name=name, kind="slash", is_group=True, path=source.path, line=inner.lineno
                    )
            node = _read_alias(inner) or node
        found = self._tree.resolve(source, node)
        if isinstance(found.node, Function) and found.source is not None:
            own = _find_owner(found.source, found.node)
            return next(iter(self._classify(found.source, found.node, own)), None)
        return None

    def _find_constructed(self, source: Source) -> Iterator[FoundCommand]:
        """Yield the commands that are made by a call: context menus and `Command(function)`."""
        for call in source.find_calls():
            origin = self._tree.resolve(source, call.func).origin
            kind = _read_constructor(origin)
            if kind is not None and all(each.arg for each in call.keywords):
                name = get_text(get_keyword(call, "name")) or "?"
                yield FoundCommand(
                    name=name, kind=kind, is_group=False, path=source.path, line=call.lineno
                )

    def _find_own_dispatch(self) -> Iterator[FoundCommand]:
        """Yield methods of a client that it calls by a prefix of their name, such as `cmd_play`."""
        for client in self._clients.classes:
            texts = {get_text(node) for node in client.source.nodes}
            methods = [each for each in client.node.body if isinstance(each, Function)]
            starts = Counter(
                match[1] for each in methods if (match := _OWN_PREFIX.match(each.name))
            )
            for start, number in starts.items():
                if number < _FEWEST_OWN or start not in texts or start == "on_":
                    continue
                for each in methods:
                    if each.name.startswith(start):
                        name = each.name.removeprefix(start)
                        yield FoundCommand(
                            name=name,
                            kind="own",
                            is_group=False,
                            path=client.source.path,
                            line=each.lineno,
                        )


def _read_full_name(origin: str) -> _Making | None:
    """Return what a decorator outside the repository makes, by its full name."""
    parts = origin.split(".")
    kind = _MAKERS.get(parts[-1])
    if kind is None or len(parts) < 2:
        return None
    is_group = parts[-1].endswith("group")
    if "app_commands" in parts[:-1]:
        return _Making("menu" if kind == "menu" else "slash", is_group)
    if parts[0] in LIBRARIES or parts[-2] in _MODULES:
        return _Making(kind, is_group)
    return None


def _read_class_name(origin: str) -> _Making | None:
    """Return what an instance of a command class is."""
    top, last = origin.partition(".")[0], origin.rpartition(".")[2]
    if top not in LIBRARIES or last not in ("Command", "Group", "HybridCommand", "HybridGroup"):
        return None
    kind: CommandKind = "hybrid" if last.startswith("Hybrid") else "prefix"
    return _Making("slash" if "app_commands" in origin else kind, last.endswith("Group"))


def _read_constructor(origin: str) -> CommandKind | None:
    top, last = origin.partition(".")[0], origin.rpartition(".")[2]
    if top not in LIBRARIES:
        return None
    if last == "ContextMenu":
        return "menu"
    if last == "Command":
        return "slash" if "app_commands" in origin else "prefix"
    return "hybrid" if last == "HybridCommand" else None


def _read_alias(node: ast.AST | None) -> ast.expr | None:
    """Return what a class attribute takes over: `Base.group`, or `getattr(Base, "group")`."""
    if isinstance(node, ast.Name | ast.Attribute):
        return node
    if isinstance(node, ast.Call) and split_dotted(node.func) == ("getattr",) and node.args[1:]:
        name = get_text(node.args[1])
        return ast.Attribute(node.args[0], name) if name else None
    return None


def _is_slash_group(found: Found, clients: Clients) -> bool:
    if found.origin in _GROUP_CLASSES or found.origin.endswith("app_commands.Group"):
        return True
    if isinstance(found.node, ast.ClassDef) and found.source is not None:
        return any(root in _GROUP_CLASSES for root in clients.get_roots(found.source, found.node))
    return False


def _find_owner(source: Source, function: Function) -> ast.ClassDef | None:
    return next((owner for each, owner in walk_functions(source.tree) if each is function), None)


def _join(parts: tuple[str, ...]) -> ast.expr:
    """Return the expression `a.b.c`."""
    node: ast.expr = ast.Name(parts[0])
    for part in parts[1:]:
        node = ast.Attribute(node, part)
    return node
