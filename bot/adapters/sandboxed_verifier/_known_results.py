"""Results of checks that already ran on exactly the same files, so they need not run again."""

import hashlib
import os
from collections.abc import Hashable
from pathlib import Path

from cachetools import LRUCache
from theseus_guard.completion import run_in_thread

from bot.adapters.sandboxed_verifier._scratch import is_copied
from bot.domain.change import CheckResult
from bot.ports.workspace import Workspace

_MAX_RESULTS = 256
_DECIDED = frozenset({"passed", "failed"})  # a timeout may end differently the next time


class KnownResults:
    """Remembers results by the files that a command saw, by base and by the command."""

    def __init__(self) -> None:
        self._results: LRUCache[Hashable, tuple[CheckResult, ...]] = LRUCache(_MAX_RESULTS)

    def find(self, key: Hashable) -> tuple[CheckResult, ...] | None:
        """Return the results that are known under this key."""
        return self._results.get(key)

    def save(self, key: Hashable, results: tuple[CheckResult, ...]) -> None:
        """Remember results if all of them are decided."""
        if all(result.status in _DECIDED for result in results):
            self._results[key] = results


async def identify(workspace: Workspace) -> tuple[str, str]:
    """Return a key for everything that a command sees in a copy of this workspace.

    It is computed from the files, not from git: commands also see files that git ignores.
    """
    return workspace.base, await run_in_thread(_hash_files, workspace.path)


def _hash_files(root: Path) -> str:
    digest = hashlib.sha256()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if is_copied(root, Path(folder) / name))
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(folder) / name
            if not is_copied(root, path):
                continue
            content = os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
            head = f"{path.relative_to(root)}\0{path.lstat().st_mode:o}\0{len(content)}\0"
            digest.update(head.encode("utf-8", "surrogateescape") + content)
    return digest.hexdigest()
