"""Names at the top: a change may not put a second place for one where an import finds it first.

A module or package in a folder that is no package is found by its own name once that folder is on
Python's path: the repository's own and `src` are, every folder from which pytest collects (it goes
up to the first one without `__init__.py`), and those whose modules base imports by their own names.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Set
from functools import cache, cached_property

from bot.authority.protection import get_module_path
from bot.domain.change import Finding
from bot.guards._tests import is_collected

_ALWAYS = frozenset({"", "src"})
_RUNNERS = frozenset({"pytest", "_pytest", "pluggy", "iniconfig"})
_KNOWN = sys.stdlib_module_names | _RUNNERS
_NOT_IMPORTED = frozenset({"setup", "__main__"})


class _Tree:
    """The files of a repository, by the names that an import finds at the top."""

    def __init__(self, files: Collection[str]) -> None:
        self.files = [file for file in files if get_module_path(file)]
        inits = (_split(get_module_path(file)) for file in self.files)
        self._packages = {folder for folder, name in inits if name == "__init__"} - _ALWAYS

    @cached_property
    def places(self) -> dict[str, set[str]]:
        """Under each name the folders that it is found in."""
        found: dict[str, set[str]] = defaultdict(set)
        for file in self.files:
            folder, name = _split(get_module_path(file))
            if name == "__init__":
                folder, name = _split(folder)
            stub = file.endswith(".pyi") and folder not in _ALWAYS  # only a type check looks there
            if folder not in self._packages and not stub and not _is_run(file, name):
                found[name].add(folder)
        return found

    @cached_property
    def test_folders(self) -> frozenset[str]:
        """The folders that pytest puts on the path."""
        return frozenset(
            self._find_root(_split(file)[0]) for file in self.files if is_collected(file)
        )

    def is_imported(self, folder: str, is_name_taken: Callable[[str], bool]) -> bool:
        """Whether a module of this folder is imported by its own name."""
        names = (name for name, folders in self.places.items() if folder in folders)
        return any(is_name_taken(name) for name in names if name not in _KNOWN)

    def has_modules(self, folder: str) -> bool:
        """Whether there is a module below this folder: it can be imported as it is."""
        return any(file.startswith(f"{folder}/") for file in self.files)

    def _find_root(self, folder: str) -> str:
        while folder in self._packages:
            folder = _split(folder)[0]
        return folder


def _split(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name


def _is_run(file: str, name: str) -> bool:
    """Whether nobody imports a file by its name: tests, and what a tool runs."""
    return is_collected(file) or name in _NOT_IMPORTED


def find_impostors(
    base_files: Collection[str],
    head_files: Collection[str],
    is_name_taken: Callable[[str], bool],
    declared: Collection[str],
) -> Iterator[Finding]:
    """Yield new modules at the top that would be imported in the place of others.

    `taken` says whether base imports a top-level name, or a package brings it. `declared` are those
    of packages that base only declares, in lower case: whoever imports one later means the package.
    """
    base, head, is_name_taken = _Tree(base_files), _Tree(head_files), cache(is_name_taken)

    def is_provided(name: str) -> bool:
        return name.lower() in declared or is_name_taken(name)

    @cache
    def is_on_path(folder: str) -> bool:
        tested = _ALWAYS | base.test_folders | head.test_folders
        return folder in tested or base.is_imported(folder, is_name_taken)

    for name, folders in sorted(head.places.items()):
        known = base.places.get(name, set())
        for folder in sorted(folders - known):
            place = f"{folder}/{name}".removeprefix("/")
            moved = any(is_on_path(old) for old in known - folders)
            there = bool(known) or base.has_modules(place)
            if (
                not moved
                and _is_second(name, known & folders, there, is_provided)
                and is_on_path(folder)
            ):
                yield _create_finding(place, name, head)


def _is_second(
    name: str, remaining: Set[str], there: bool, is_name_taken: Callable[[str], bool]
) -> bool:
    """Whether a name is found elsewhere: in Python, in a package, or in folders that keep it.

    What base imports and has `there`, in the repository, is no package.
    """
    if name in _KNOWN or remaining & _ALWAYS:
        return True
    return is_name_taken(name) and (bool(remaining) or not there)


def _create_finding(place: str, name: str, head: _Tree) -> Finding:
    path = next(
        file for file in sorted(head.files) if get_module_path(file) in (place, f"{place}/__init__")
    )
    message = f"Would be imported wherever another `{name}` is meant, which is there already."
    return Finding(rule="new_dependency", path=path, message=message, blocking=True)
