"""Refuses a second top-level module for one name, where an import would find it first.

A module in a folder that is not a package can be imported by its own name once that folder is on
Python's path. These folders are: the repository's root and `src`, every folder from which pytest
collects (it goes up to the first one without `__init__.py`), and folders whose modules base imports
by their own names.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Set
from functools import cache, cached_property

from theseus_guard._tests import is_collected
from theseus_guard.protection import get_module_path
from theseus_guard.records import Finding

_ALWAYS = frozenset({"", "src"})
_RUNNERS = frozenset({"pytest", "_pytest", "pluggy", "iniconfig"})
_KNOWN = sys.stdlib_module_names | _RUNNERS
_NOT_IMPORTED = frozenset({"setup", "__main__"})


class _Tree:
    """The files of a repository, indexed by the top-level names that an import finds."""

    def __init__(self, files: Collection[str]) -> None:
        self.files = [file for file in files if get_module_path(file)]
        inits = (_split(get_module_path(file)) for file in self.files)
        self._packages = {folder for folder, name in inits if name == "__init__"} - _ALWAYS

    @cached_property
    def places(self) -> dict[str, set[str]]:
        """The folders in which each name is found."""
        found: dict[str, set[str]] = defaultdict(set)
        for file in self.files:
            folder, name = _split(get_module_path(file))
            if name == "__init__":
                folder, name = _split(folder)
            stub = (
                file.endswith(".pyi") and folder not in _ALWAYS
            )  # only a type checker reads stubs there
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
        """Return whether a module of this folder is imported by its own name."""
        names = (name for name, folders in self.places.items() if folder in folders)
        return any(is_name_taken(name) for name in names if name not in _KNOWN)

    def has_modules(self, folder: str) -> bool:
        """Return whether a module lies below this folder, so that it is importable as a package."""
        return any(file.startswith(f"{folder}/") for file in self.files)

    def _find_root(self, folder: str) -> str:
        while folder in self._packages:
            folder = _split(folder)[0]
        return folder


def _split(path: str) -> tuple[str, str]:
    folder, _, name = path.rpartition("/")
    return folder, name


def _is_run(file: str, name: str) -> bool:
    """Return whether a file is run by a tool (a test, `setup.py`) and therefore never imported."""
    return is_collected(file) or name in _NOT_IMPORTED


def find_impostors(
    base_files: Collection[str],
    head_files: Collection[str],
    is_name_taken: Callable[[str], bool],
    declared: Collection[str],
) -> Iterator[Finding]:
    """Yield new top-level modules that would be imported instead of existing ones.

    Args:
        base_files: The paths of all files at base.
        head_files: The paths of all files after the change.
        is_name_taken: Returns whether base imports a top-level name or a package provides it.
        declared: The modules of packages that base only declares, in lower case. A later import of
            one of them means the package.
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
            exists = bool(known) or base.has_modules(place)
            if (
                not moved
                and _is_second(name, known & folders, exists, is_provided)
                and is_on_path(folder)
            ):
                yield _create_finding(place, name, head)


def _is_second(
    name: str, remaining: Set[str], there: bool, is_name_taken: Callable[[str], bool]
) -> bool:
    """Return whether a name is found elsewhere: in Python, in a package, or in a remaining folder.

    A name that base imports and that is `there`, in the repository, is not a package's.
    """
    if name in _KNOWN or remaining & _ALWAYS:
        return True
    return is_name_taken(name) and (bool(remaining) or not there)


def _create_finding(place: str, name: str, head: _Tree) -> Finding:
    path = next(
        file for file in sorted(head.files) if get_module_path(file) in (place, f"{place}/__init__")
    )
    message = f"Would be imported instead of the existing `{name}`."
    return Finding(rule="new_dependency", path=path, message=message, blocking=True)
