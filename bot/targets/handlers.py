"""Counts the listeners, loops, views and their buttons of a repository."""

import ast

from theseus_guard.record import Record

from bot.targets.clients import LIBRARIES, Clients
from bot.targets.source_tree import Source, SourceTree, split_dotted, walk_functions

_VIEW_CLASSES = frozenset({"View", "LayoutView", "Modal", "DynamicItem", "SimpleMenu"})


class FoundHandlers(Record):
    """How many other entry points there are."""

    listeners: int = 0
    loops: int = 0
    views: int = 0
    components: int = 0
    built_at_run_time: int = 0


class HandlerCounter:
    """Counts entry points other than commands in one repository."""

    def __init__(self, tree: SourceTree, clients: Clients) -> None:
        self._tree = tree
        self._clients = clients

    def count_handlers(self) -> FoundHandlers:
        """Return how many listeners, loops, views, buttons and selects there are."""
        listeners = loops = views = components = dynamic = 0
        client_nodes = {id(each.node) for each in self._clients.classes}
        for source in self._tree.sources:
            if source.is_aside:
                continue
            for function, owner in walk_functions(source.tree):
                kinds = {self._name_decorator(source, each) for each in function.decorator_list}
                is_event = function.name.startswith("on_") and id(owner) in client_nodes
                listeners += bool(kinds & {"listener", "event", "listen"}) or is_event
                loops += "loop" in kinds
                components += bool(kinds & {"button", "select"})
            for node in source.nodes:
                if isinstance(node, ast.ClassDef):
                    views += self._is_view(source, node)
                elif isinstance(node, ast.Call):
                    called = split_dotted(node.func)
                    listeners += called[-1:] == ("add_listener",)
                    dynamic += called[-1:] == ("add_command",) and _is_in_loop(source, node)
        return FoundHandlers(
            listeners=listeners, loops=loops, views=views, components=components,
            built_at_run_time=dynamic,
        )  # fmt: skip

    def _is_view(self, source: Source, node: ast.ClassDef) -> bool:
        roots = self._clients.get_roots(source, node)
        return any(
            root.split(".")[0] in LIBRARIES and root.rpartition(".")[2] in _VIEW_CLASSES
            for root in roots
        )

    def _name_decorator(self, source: Source, decorator: ast.expr) -> str:
        """Return which kind of handler a decorator makes, by its last name; empty if none."""
        node = decorator.func if isinstance(decorator, ast.Call) else decorator
        parts = split_dotted(node)
        if not parts:
            return ""
        found = self._tree.resolve(source, node)
        last = (found.origin or ".".join(parts)).rpartition(".")[2]
        top = found.origin.partition(".")[0]
        if last in ("event", "listen"):
            return last if self._clients.is_client_name(source, parts[:-1]) else ""
        if last == "listener":
            return last
        if last == "loop":
            return last if "tasks" in (*parts, *found.origin.split(".")) else ""
        return last if last in ("button", "select") and top in LIBRARIES else ""


def _is_in_loop(source: Source, call: ast.Call) -> bool:
    return any(
        isinstance(node, ast.For | ast.AsyncFor | ast.While)
        and any(inner is call for inner in ast.walk(node))
        for node in source.nodes
    )
