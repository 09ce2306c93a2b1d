"""Redirects imports to a copied tree if an editable install points to the original.

Sent as source text to the interpreter of the project under repair: standard library only. An
editable install puts its source folder on the path, or installs a finder that knows it, so edits in
a copy would not be imported.
"""

import os
import sys
from typing import Any


def map_paths(moved: str, root: str) -> None:
    """Import everything below `moved` from below `root` instead, except installed packages."""

    def map_path(path: Any) -> Any:
        where = os.path.realpath(path) if isinstance(path, str) and path else ""
        inside = where == moved or where.startswith(moved + os.sep)
        if not inside or "site-packages" in where or "dist-packages" in where:
            return path
        return root + where[len(moved) :]

    sys.path[:] = [map_path(entry) for entry in sys.path]
    for finder in sys.meta_path:
        for table in find_tables(finder):
            for name, where in table.items():
                is_list = isinstance(where, list)
                table[name] = [map_path(path) for path in where] if is_list else map_path(where)


def find_tables(finder: Any) -> list[dict[str, Any]]:
    """Return the lookup tables of an editable install's finder (setuptools or `editables`)."""
    module = getattr(finder, "__module__", "")
    found = [getattr(finder, "_redirections", None)]
    if isinstance(module, str) and module.startswith("__editable__"):
        found += [
            getattr(sys.modules.get(module), name, None) for name in ("MAPPING", "NAMESPACES")
        ]
    return [table for table in found if isinstance(table, dict)]


def as_sitecustomize(moved: str, root: str, folder: str) -> None:
    """Map the paths at Python's start, then run the `sitecustomize` that this module hides."""
    import importlib.util
    from importlib.machinery import PathFinder

    sys.path[:] = [entry for entry in sys.path if entry != folder]
    map_paths(moved, root)
    spec = PathFinder.find_spec("sitecustomize")
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
