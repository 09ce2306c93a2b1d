"""Has modules of a copied tree imported from the copy, where what is installed names the original.

Sent as source text to the interpreter of the project under repair: standard library only. An
editable install puts the folder it was made from on the path, or a finder that knows it; so edits
in a copy would never be seen.
"""

import os
import sys
from typing import Any


def map_paths(moved: str, root: str) -> None:
    """Have whatever is imported from below `moved` imported from below `root`; installs stay."""

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
                many = isinstance(where, list)
                table[name] = [map_path(each) for each in where] if many else map_path(where)


def find_tables(finder: Any) -> list[dict[str, Any]]:
    """Return what an editable install's finder looks up, of setuptools or of `editables`."""
    module = getattr(finder, "__module__", "")
    found = [getattr(finder, "_redirections", None)]
    if isinstance(module, str) and module.startswith("__editable__"):
        found += [
            getattr(sys.modules.get(module), name, None) for name in ("MAPPING", "NAMESPACES")
        ]
    return [table for table in found if isinstance(table, dict)]


def as_sitecustomize(moved: str, root: str, folder: str) -> None:
    """Do so as Python starts, then what the `sitecustomize` does that would have been found."""
    import importlib.util
    from importlib.machinery import PathFinder

    sys.path[:] = [entry for entry in sys.path if entry != folder]
    map_paths(moved, root)
    spec = PathFinder.find_spec("sitecustomize")
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
