"""New dependencies: declared, locked, or imported."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import PurePosixPath

from theseus_guard.records import Finding
from theseus_guard.unified_diff import FilePatch

_NAME = r"[A-Za-z0-9][\w.-]*"
_VERSION = r"\s*(?:\[[^\]]*\])?\s*(?:[<>=!~]=?|@\s|===)"
_QUOTED = re.compile(rf"[\"']({_NAME})(?:{_VERSION}[^\"']*)?[\"']\s*,?\s*(?:#.*)?$")
_PINNED = re.compile(rf"[\"']({_NAME}){_VERSION}[^\"']*[\"']")
_TABLE = re.compile(rf"\s*[\"']?({_NAME})[\"']?\s*[=:]\s*[\"'{{\[]?\s*[\^~<>=*\d\"'v]")
_PLAIN = re.compile(rf"\s*({_NAME})(?:{_VERSION}|\s*(?:[#;]|$))|\s*((?:-e\s+|git\+|https?://).+)")
_LOCKED = re.compile(rf"\s*(?:name = |\")[\"']?({_NAME})[\"']?")
_IMPORT = re.compile(r"\s*(?:import\s+(.+)|from\s+([\w.]+)\s+import\b.*)")
_LOCKS = frozenset(
    {
        "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json", "yarn.lock",
        "pnpm-lock.yaml", "Cargo.lock",
    }
)  # fmt: skip
_TABLES = frozenset({"package.json", "Pipfile", "environment.yml", "environment.yaml"})
REQUIREMENTS = re.compile(r"(?:.*/)?(?:requirements|constraints)[^/]*(?:/[^/]+)?\.(?:txt|in)")
_NOT_NAMES = frozenset({"version", "source", "requires-python", "python_version", "name"})


def is_importable(module: str) -> bool:
    """Return whether a top-level module can be found in this environment, without importing it."""
    try:
        return module in sys.modules or find_spec(module) is not None
    except (ValueError, ImportError):
        return False


@lru_cache(maxsize=256)
def is_installed(module: str) -> bool:
    """Return whether Python or an installed package provides a top-level module of that name."""
    if module in sys.stdlib_module_names:
        return True
    try:
        found = find_spec(module) if module.isidentifier() else None
    except (ValueError, ImportError):
        return True  # already loaded, but without a `__spec__` to inspect
    places = [*(found.submodule_search_locations or ()), found.origin or ""] if found else []
    return any(PurePosixPath(place).is_relative_to(sys.prefix) for place in places)


def parse_dependency(path: str, line: str) -> str:
    """Return the dependency that a line of this file declares, or an empty string."""
    name = PurePosixPath(path).name
    if line.strip().startswith(("#", "//")):
        return ""
    if REQUIREMENTS.fullmatch(path):
        found = _PLAIN.match(line)
        return (found[1] or found[2]) if found else ""
    if name in _LOCKS:
        found = _LOCKED.match(line)
    elif name in _TABLES:
        found = _TABLE.match(line)
    elif name in ("pyproject.toml", "setup.py"):
        found = _PINNED.search(line) or (_QUOTED.match(line.strip()) if _is_item(line) else None)
    elif name == "setup.cfg":
        found = _PLAIN.match(line) if line[:1].isspace() else None
    else:
        return ""
    return found[1] or "" if found else ""


def _is_item(line: str) -> bool:
    """Return whether a line is exactly one string of a list."""
    return bool(re.fullmatch(r"\s*[\"'][^\"']+[\"'],?\s*(?:#.*)?", line))


def _list_names(path: str, lines: Sequence[str]) -> list[str]:
    found = [parse_dependency(path, line) for line in lines]
    return [name for name in dict.fromkeys(found) if name and name not in _NOT_NAMES]


def _iterate_imports(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        found = _IMPORT.fullmatch(line)
        if found is None:
            continue
        modules = found[2] or found[1]
        for module in modules.split(","):
            name = module.strip().split(" ")[0].split(".")[0]
            if name.isidentifier():
                yield name


def _collect_own_modules(patches: Sequence[FilePatch]) -> set[str]:
    """Return the top-level names of the modules that the changed files belong to."""
    parts = [PurePosixPath(patch.path).parts for patch in patches]
    first = {part[1] if part[0] == "src" and len(part) > 1 else part[0] for part in parts if part}
    return {name.removesuffix(".py") for name in first} | {"tests"}


def find_new_dependencies(
    patches: Sequence[FilePatch], known_import: Callable[[str], bool]
) -> Iterator[Finding]:
    """Yield dependencies that the change declares, locks or imports and that base did not have."""
    own_modules = _collect_own_modules(patches)
    for patch in patches:
        before = set(_list_names(patch.path, patch.removed_lines))
        after = _list_names(patch.path, patch.added_lines)
        new = [name for name in after if name not in before]
        changed = [name for name in after if name in before]
        for names, verb in ((new, "Adds"), (changed, "Changes")):
            if names:
                more = f" and {len(names) - 5} more" if len(names) > 5 else ""
                message = f"{verb} {', '.join(names[:5])}{more}."
                yield Finding(
                    rule="new_dependency", path=patch.path, message=message, blocking=False
                )
        if patch.python:
            old = set(_iterate_imports(patch.removed_lines))
            for name in dict.fromkeys(_iterate_imports(patch.added_lines)):
                if name in old or name in own_modules or name in sys.stdlib_module_names:
                    continue
                if not known_import(name):
                    message = f"Imports {name}, which is not installed."
                    yield Finding(
                        rule="new_dependency", path=patch.path, message=message, blocking=False
                    )
