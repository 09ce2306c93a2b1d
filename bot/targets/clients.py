"""Finds the bot of a repository: its class, where it is created, its prefix."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from bot.targets.extensions import has_setup
from bot.targets.source_tree import (
    Found,
    Source,
    SourceTree,
    collect_definitions,
    get_keyword,
    get_text,
    split_dotted,
)

LIBRARIES = frozenset({"discord", "redbot", "pydis_core"})
"""Packages that are discord.py, or that extend its classes."""
OTHER_LIBRARIES = {
    "disnake": "disnake", "nextcord": "nextcord", "interactions": "interactions.py",
    "hikari": "hikari", "lightbulb": "hikari-lightbulb", "revolt": "revolt.py",
}  # fmt: skip
_CLIENTS = frozenset({
    "Client", "AutoShardedClient", "Bot", "AutoShardedBot", "BotBase", "Red", "RedBase",
})  # fmt: skip
_PLAIN_CLIENTS = frozenset({"Client", "AutoShardedClient"})


@dataclass(frozen=True, eq=False)
class BotClass:
    """A class of the repository that is a discord.py client."""

    source: Source
    node: ast.ClassDef
    base: str
    """The class of discord.py that it derives from, by its full name."""


@dataclass(frozen=True, eq=False)
class BotInstance:
    """A place where a client is created. `name` is the variable, if there is one."""

    source: Source
    call: ast.Call
    name: str
    own_class: BotClass | None
    base: str


class Clients:
    """The clients of a repository, tests and examples left out."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self.get_roots = cache(self._get_roots)
        """Returns the classes outside the repository that a class derives from."""
        # A client in an extension is a cog that somebody derived from the wrong class.
        running = [each for each in tree.sources if not each.is_aside and not has_setup(each)]
        self.classes = [each for source in running for each in self._find_classes(source)]
        self.instances = [each for source in running for each in self._find_instances(source)]

    def _get_roots(self, source: Source, node: ast.ClassDef) -> frozenset[str]:
        roots: set[str] = set()
        for base in node.bases:
            target = base.value if isinstance(base, ast.Subscript) else base
            found = self._tree.resolve(source, target)
            if isinstance(found.node, ast.ClassDef) and found.source and found.node is not node:
                roots |= self.get_roots(found.source, found.node)
            elif found.origin:
                roots.add(found.origin)
            elif isinstance(found.node, ast.Call) and found.source:
                roots.add(self._tree.resolve(found.source, found.node.func).origin)
        return frozenset(roots - {""})

    def _find_classes(self, source: Source) -> Iterator[BotClass]:
        for node in source.nodes:
            if isinstance(node, ast.ClassDef):
                bases = sorted(filter(_is_client, self.get_roots(source, node)))
                if bases:  # a Bot is also a Client, so a class of both is a Bot
                    yield BotClass(source, node, min(bases, key=is_plain_client))

    def get_client(self, found: Found) -> tuple[BotClass | None, str] | None:
        """Return the client class that a resolved name means, if it means one."""
        if isinstance(found.node, ast.ClassDef):
            own = next((each for each in self.classes if each.node is found.node), None)
            return (own, own.base) if own else None
        return (None, found.origin) if _is_client(found.origin) else None

    def _find_instances(self, source: Source) -> Iterator[BotInstance]:
        names = _name_calls(source)
        for call in source.find_calls():
            client = self.get_client(self._tree.resolve(source, call.func))
            if client is not None:
                own, base = client
                yield BotInstance(source, call, names.get(id(call), ""), own, base)

    def is_client_name(self, source: Source, parts: tuple[str, ...]) -> bool:
        """Return whether an expression such as `bot`, `self.bot` or `ctx.bot` is the client."""
        if not parts:
            return False
        if parts[-1] in ("bot", "client", "_bot", "_client"):
            return True
        if len(parts) != 1:
            return False
        found = self._tree.resolve(source, ast.Name(parts[0]))
        if isinstance(found.node, ast.Call) and found.source:
            return self.get_client(self._tree.resolve(found.source, found.node.func)) is not None
        return any(each.source is source and each.name == parts[0] for each in self.instances)

    def list_chain(self, bot: BotClass | None) -> list[BotClass]:
        """Return the bot's class and those it derives from in the repository."""
        chain: list[BotClass] = []
        left = [bot] if bot else []
        while left:
            each = left.pop(0)
            chain.append(each)
            for base in each.node.bases:
                found = self._tree.resolve(each.source, base)
                is_new = all(found.node is not known.node for known in chain)
                if isinstance(found.node, ast.ClassDef) and found.source is not None and is_new:
                    left.append(BotClass(found.source, found.node, each.base))
        return chain

    def find_prefix(self, instances: list[BotInstance], classes: list[BotClass]) -> str:
        """Return the source of the command prefix, such as `"!"`; empty if there is none."""
        calls = [each.call for each in instances]
        for own in classes:
            nodes = ast.walk(own.node)
            calls += [each for each in nodes if isinstance(each, ast.Call) and _is_super_init(each)]
        for call in calls:
            prefix = get_keyword(call, "command_prefix")
            if prefix is not None and not _is_none(prefix):  # None: the class has its own method
                return ast.unparse(prefix)
        for each in instances:
            if each.own_class is None and each.call.args and each.base.endswith("Bot"):
                return ast.unparse(each.call.args[0])
        return self._find_prefix_method(classes)

    def _find_prefix_method(self, classes: list[BotClass]) -> str:
        """Return the prefix that a class sets as `kwargs["command_prefix"]`, or its method."""
        for each in classes:
            for node in ast.walk(each.node):
                if isinstance(node, ast.Assign) and _is_prefix_item(node.targets[0]):
                    return ast.unparse(node.value)
            method = collect_definitions(each.node.body).get("get_prefix")
            if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                return f"{each.node.name}.get_prefix"
        return ""


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_prefix_item(target: ast.expr) -> bool:
    return isinstance(target, ast.Subscript) and get_text(target.slice) == "command_prefix"


def is_plain_client(base: str) -> bool:
    """Return whether a client has no `load_extension`, because it is no `commands.Bot`."""
    return base.rpartition(".")[2] in _PLAIN_CLIENTS


def _is_client(origin: str) -> bool:
    top, _, rest = origin.partition(".")
    if rest.startswith("ext.") and not rest.startswith("ext.commands."):
        return False  # another extension's client, such as that of discord-ext-ipc
    return top in LIBRARIES and origin.rpartition(".")[2] in _CLIENTS


def _is_super_init(node: ast.Call) -> bool:
    if not isinstance(node.func, ast.Attribute):
        return False
    inner = node.func.value
    is_super = isinstance(inner, ast.Call) and split_dotted(inner.func) == ("super",)
    return node.func.attr == "__init__" and (is_super or bool(get_keyword(node, "command_prefix")))


def _name_calls(source: Source) -> dict[int, str]:
    """Return the variable that each assigned or entered call gets, by the id of the call."""
    names: dict[int, str] = {}
    for node in source.nodes:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names[id(node.value)] = ast.unparse(targets[0])
        elif isinstance(node, ast.withitem) and node.optional_vars is not None:
            names[id(node.context_expr)] = ast.unparse(node.optional_vars)
    return names


def find_other_libraries(tree: SourceTree) -> tuple[str, ...]:
    """Return the libraries for Discord that the repository uses in place of discord.py."""
    used = {
        origin.partition(".")[0] for source in tree.sources for origin in source.imports.values()
    }
    found = [OTHER_LIBRARIES[name] for name in sorted(used & OTHER_LIBRARIES.keys())]
    return tuple(found)
