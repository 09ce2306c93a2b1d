"""The commit that runs, read from the project's `.git` without running git."""

from __future__ import annotations

import re
from pathlib import Path

_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_MOST_CHARS = 10_000_000


def read_commit(root: Path) -> str | None:
    """Return the checked-out commit of a folder; `None` if it is not known."""
    try:
        return _read_head(root)
    except (OSError, ValueError):
        return None


def _read_head(root: Path) -> str | None:
    folder = _find_git_folder(root)
    if folder is None:
        return None
    head = _read(folder / "HEAD").strip()
    if not head.startswith("ref: "):
        return _check_hash(head)
    name = head[len("ref: ") :]
    # Of a worktree, HEAD is its own, and branches are in the main folder.
    common = folder / "commondir"
    shared = folder / _read(common).strip() if common.is_file() else folder
    for place in (folder / name, shared / name):
        if place.is_file():
            return _check_hash(_read(place).strip())
    for line in _read(shared / "packed-refs").splitlines():
        commit, _, packed = line.partition(" ")
        if packed == name:
            return _check_hash(commit)
    return None


def _find_git_folder(root: Path) -> Path | None:
    for folder in (root, *root.parents):
        found = folder / ".git"
        if found.is_dir():
            return found
        if found.is_file():  # a worktree or a submodule
            return folder / _read(found).partition("gitdir:")[2].strip()
    return None


def _read(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return file.read(_MOST_CHARS)


def _check_hash(text: str) -> str | None:
    return text if _HASH.fullmatch(text) else None
