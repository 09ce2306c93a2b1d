"""Copies of this repository with a history of one commit, and of mypy's cache for it."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.fakes.repositories import commit, run_git
from tests.support.tracked_files import list_tracked_files

ROOT = Path(__file__).resolve().parents[2]
TYPE_CACHE = ".mypy_cache"


def copy_repository(folder: Path, files: Mapping[str, str] | None = None) -> Path:
    """Copy this repository to a folder, add these files, and commit; return the folder."""
    for path in list_tracked_files(ROOT, "--cached", "--others", "--exclude-standard"):
        if (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    run_git(folder, "init", "-q", "-b", "main")
    commit(folder, files or {}, "Begin")
    return folder


def share_repository() -> Path:
    """Return a copy that only is read: a process of the tests makes it once, in its own home.

    A demo's home made from it takes a fifth of the time that the whole history takes.
    """
    shared = Path.home() / "repository"
    if not shared.exists():
        copy_repository(shared.with_name("repository.new")).rename(shared)
    return shared


def copy_type_cache(destination: Path) -> None:
    """Copy mypy's cache of this repository, if there is one.

    Without a cache, the type check takes most of a minute.
    """
    if (ROOT / TYPE_CACHE).is_dir():
        shutil.copytree(ROOT / TYPE_CACHE, destination)
