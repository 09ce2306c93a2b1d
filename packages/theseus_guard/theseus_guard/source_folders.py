"""Which folders of a repository Python imports from: its own, `src`, and those of its packages."""

import os
from pathlib import Path, PurePosixPath

_PACKAGES = "packages"  # as in the workspaces of uv and others: `packages/NAME/NAME/__init__.py`


def build_python_path(tree: Path) -> str:
    """Return the PYTHONPATH with which a program imports a tree's own code, not installed code."""
    packages = sorted(file.parent for file in tree.glob(f"{_PACKAGES}/*/pyproject.toml"))
    return os.pathsep.join(map(str, (tree, *packages)))


def find_source_folder(file: PurePosixPath) -> PurePosixPath:
    """Return the folder that a file is imported from; both are relative to the repository."""
    parts = file.parts
    depth = 2 if len(parts) > 3 and parts[0] == _PACKAGES else 0
    return PurePosixPath(*parts[: depth + (parts[depth] == "src" and len(parts) > depth + 1)])
