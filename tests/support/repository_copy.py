"""A copy of this repository with a history of one commit."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.fakes.repositories import commit, run_git
from tests.support.tracked_files import list_tracked_files

ROOT = Path(__file__).resolve().parents[2]


def copy_repository(folder: Path, files: Mapping[str, str] | None = None) -> Path:
    """Copy this repository to a folder, add these files, and commit; return the folder.

    mypy's cache is copied as well: without it, a check takes a minute.
    """
    for path in list_tracked_files(ROOT, "--cached", "--others", "--exclude-standard"):
        if (ROOT / path).is_file():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, folder / path)
    run_git(folder, "init", "-q", "-b", "main")
    commit(folder, files or {}, "Begin")
    if (ROOT / ".mypy_cache").is_dir():
        shutil.copytree(ROOT / ".mypy_cache", folder / ".mypy_cache")
    return folder
