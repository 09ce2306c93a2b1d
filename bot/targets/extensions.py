"""Finds the extensions of a bot, and how it loads them."""

import ast
from collections import defaultdict
from dataclasses import dataclass

from bot.targets.source_tree import Source, SourceTree, get_text, split_dotted

_SCANS = {
    "listdir": "os.listdir", "scandir": "os.scandir", "walk": "os.walk", "glob": "glob",
    "rglob": "rglob", "iterdir": "iterdir", "iter_modules": "pkgutil.iter_modules",
    "walk_packages": "pkgutil.walk_packages",
}  # fmt: skip
_LOADERS = frozenset(
    {"load_extension", "load_extensions", "load_all_extensions", "reload_extension"}
)
_FEWEST_FOR_PATTERN = 3


@dataclass(frozen=True)
class FoundExtensions:
    """The extensions of a bot: modules with a `setup` function, and the places that load them."""

    modules: tuple[str, ...]
    files: tuple[str, ...]
    ways: tuple[str, ...]
    """How they are loaded, each with its place: `os.listdir (main.py:30)`."""

    @property
    def patterns(self) -> tuple[str, ...]:
        """The modules, with `package.*` in place of several in one package."""
        by_package: dict[str, list[str]] = defaultdict(list)
        for module in self.modules:
            by_package[module.rpartition(".")[0]].append(module)
        patterns: list[str] = []
        for package, modules in by_package.items():
            many = package and len(modules) >= _FEWEST_FOR_PATTERN
            patterns += [f"{package}.*"] if many else modules
        return tuple(sorted(patterns))


def find_extensions(tree: SourceTree) -> FoundExtensions:
    """Return the modules that discord.py can load as extensions, tests and examples left out."""
    running = [source for source in tree.sources if not source.is_aside]
    found = [source for source in running if has_setup(source)]
    ways = [way for source in running for way in _find_ways(source)]
    return FoundExtensions(
        tuple(source.module for source in found),
        tuple(source.path for source in found),
        tuple(dict.fromkeys(ways)),
    )


def has_setup(source: Source) -> bool:
    """Return whether a module has the function that discord.py calls when it loads an extension."""
    node = source.definitions.get("setup")
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    count = len(node.args.posonlyargs) + len(node.args.args)
    if count != 1 or source.path == "setup.py":
        return False
    return isinstance(node, ast.AsyncFunctionDef) or any(
        split_dotted(call.func)[-1:] == ("add_cog",)
        for call in ast.walk(node)
        if isinstance(call, ast.Call)
    )


def _find_ways(source: Source) -> list[str]:
    """Return how a file loads extensions; a loop is described by what it goes through."""
    calls = [
        call
        for call in source.find_calls()
        if split_dotted(call.func)[-1:] and split_dotted(call.func)[-1] in _LOADERS
    ]
    ways: list[str] = []
    for call in calls:
        if call.args and (name := get_text(call.args[0])):
            ways.append(f"{name!r} by name ({source.path}:{call.lineno})")
        elif not any(_is_inside(source, call, name) for name in ("load", "reload", "_load")):
            ways.append(f"{_describe_loop(source, call)} ({source.path}:{call.lineno})")
    return ways


def _is_inside(source: Source, call: ast.Call, name: str) -> bool:
    """Return whether a call is in a command that a person uses to load an extension."""
    return any(
        isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef)
        and node.name.startswith(name)
        and node.decorator_list
        and any(inner is call for inner in ast.walk(node))
        for node in source.nodes
    )


def _describe_loop(source: Source, call: ast.Call) -> str:
    for node in source.nodes:
        if isinstance(node, ast.For | ast.AsyncFor) and any(
            inner is call for inner in ast.walk(node)
        ):
            scan = _find_scan(node.iter)
            return scan or f"a loop over {ast.unparse(node.iter)[:60]}"
    scans = {_find_scan(node) for node in source.nodes if isinstance(node, ast.Call)} - {""}
    if split_dotted(call.func)[-1] != "load_extension":
        return ".".join(split_dotted(call.func)[-1:]) + f"({ast.unparse(call)[-40:].split('(')[-1]}"
    return sorted(scans)[0] if scans else "a name that is computed"


def _find_scan(node: ast.AST) -> str:
    """Return which function lists files or modules in an expression; empty if none does."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call):
            name = split_dotted(inner.func)[-1:] or (getattr(inner.func, "attr", ""),)
            if name[0] in _SCANS:
                first = f" {ast.unparse(inner.args[0])}" if inner.args else ""
                return f"{_SCANS[name[0]]}{first}"[:70]
    return ""
