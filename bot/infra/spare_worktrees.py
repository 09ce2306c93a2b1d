"""Stores the files of closed worktrees: the next worktree then writes only what differs.

Whatever ran in a worktree may have changed any of its files. What differs from the worktree's seal
is removed before the files are used again, so git writes it anew.
"""

import secrets
import threading
from pathlib import Path
from typing import NamedTuple

import structlog

from bot.infra.removal import remove_tree
from bot.infra.seal import Seal

_log = structlog.get_logger()
_POINTER = ".git"


class WrittenFiles(NamedTuple):
    """The state of a worktree when git had just written it: its files, and git's index of them."""

    seal: Seal
    git_index: bytes

    @classmethod
    def record(cls, worktree: Path, git_folder: Path) -> "WrittenFiles":
        """Return the state of a worktree in which nothing has run yet."""
        return cls(Seal(worktree), (git_folder / "index").read_bytes())


class SpareWorktrees:
    """At most `limit` folders of closed worktrees below `folder`. Blocking; may be shared."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.limit = limit
        self._folder = folder
        self._spares: list[tuple[Path, WrittenFiles]] = []
        self._lock = threading.Lock()

    def keep(self, worktree: Path, checkout: WrittenFiles) -> bool:
        """Move a worktree's files here, without what was changed.

        Return `False` if the worktree is left as it is.
        """
        pointer, spare = worktree / _POINTER, self._folder / secrets.token_hex(8)
        with self._lock:
            if len(self._spares) >= self.limit or pointer.is_symlink() or not pointer.is_file():
                return False
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                pointer.unlink()
                worktree.rename(spare)
            except OSError as error:
                _log.warning("the files of %s are not kept: %s", worktree, error)
                return False
            # What a run left may be large, or deep.
            if checkout.seal.remove_changes(spare) is None:
                _remove(spare)
            else:
                self._spares.append((spare, checkout))
        return True

    def fill(self, worktree: Path, git_folder: Path) -> None:
        """Move stored files into a worktree that has none yet, if there are any."""
        with self._lock:
            while self._spares:
                spare, checkout = self._spares.pop()
                if checkout.seal.remove_changes(spare) is not None:
                    (worktree / _POINTER).rename(spare / _POINTER)
                    spare.rename(worktree)
                    (git_folder / "index").write_bytes(checkout.git_index)
                    return
                _log.info("the files of a closed worktree cannot be used again")
                _remove(spare)

    def remove_leftovers(self) -> None:
        """Remove what a killed process stored."""
        with self._lock:
            known = {spare for spare, _ in self._spares}
            for found in self._folder.iterdir() if self._folder.is_dir() else ():
                if found not in known:
                    _remove(found)


def _remove(spare: Path) -> None:
    try:
        remove_tree(spare)
    except OSError as error:
        _log.warning("%s cannot be removed: %s", spare, error)
