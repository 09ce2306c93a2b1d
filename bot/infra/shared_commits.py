"""Commits of runs as git bundles, in a folder that several machines share.

A run's commits are on the machine that wrote them until they are proposed. If that machine dies
before, the next leader takes them from here.
"""

import time
from contextlib import suppress
from pathlib import Path

from bot.domain.errors import WorkspaceError
from bot.infra.git import Git

_KEEP_SECONDS = 14 * 24 * 3600.0


class SharedCommits:
    """Has a file for each commit. All methods block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, git: Git, base: str, commit: str) -> None:
        """Save the commits that the head, `commit`, has and `base` has not; remove old files.

        Raises `WorkspaceError`.
        """
        if commit == base:
            return
        file = self._get_file(commit)
        new = file.with_suffix(".new")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            git.run("bundle", "create", "-q", str(new), "HEAD", f"^{base}")
            new.replace(file)
            self._remove_old()
        except OSError as error:
            raise WorkspaceError(f"cannot write to {self._folder}", detail=str(error)) from error

    def load(self, git: Git, commit: str) -> bool:
        """Add a commit to a repository that has its base; return whether it is there now."""
        file = self._get_file(commit)
        if not file.is_file():
            return False
        git.run("bundle", "unbundle", str(file), ok=None)
        return git.find_revision(commit) is not None

    def _get_file(self, commit: str) -> Path:
        return self._folder / f"{commit}.bundle"

    def _remove_old(self) -> None:
        # The dates of the files are the file system's, so they are compared with the machine's.
        oldest = time.time() - _KEEP_SECONDS
        for file in self._folder.glob("*.bundle"):
            with suppress(FileNotFoundError):  # another machine was faster
                if file.stat().st_mtime < oldest:
                    file.unlink()
