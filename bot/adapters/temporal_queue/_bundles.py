"""The files of a commit as a git bundle, without its history."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple
from weakref import WeakValueDictionary

from cachetools import LRUCache

from bot.domain.errors import WorkspaceError
from bot.infra.git import Git
from bot.infra.git_fetch import fetch
from bot.infra.git_merge import get_tree_id
from bot.infra.git_remote import borrow_objects
from bot.infra.git_revisions import export
from bot.infra.threads import run_in_thread
from bot.ports.artefact_store import ArtefactStore

_MAX_BUNDLES = 64
_BRANCH = "refs/heads/work"
_NO_ONE = {
    f"GIT_{role}_{field}": value
    for role in ("AUTHOR", "COMMITTER")
    for field, value in (("NAME", "theseus"), ("EMAIL", "theseus"), ("DATE", "@0 +0000"))
}


class Bundle(NamedTuple):
    """A commit without parents that has the files of another one, and the bundle with it."""

    snapshot: str
    content: bytes


async def pack_commit(git: Git, commit: str) -> Bundle:
    """Return the files of a commit; its history stays here. Raises `WorkspaceError`."""
    return await run_in_thread(_pack, git, commit)


def _pack(git: Git, commit: str) -> Bundle:
    tree = get_tree_id(git, commit)
    with borrow_objects(git) as scratch:
        snapshot = scratch.run("commit-tree", tree, "-m", "Files to work with", env=_NO_ONE).line
        scratch.run("update-ref", _BRANCH, snapshot)
        file = scratch.folder / "work.bundle"
        scratch.run("bundle", "create", "-q", str(file), _BRANCH)
        return Bundle(snapshot, file.read_bytes())


class StoredBundles:
    """Stores the files of a commit for workers, once for all their groups."""

    def __init__(self, git: Git, artefacts: ArtefactStore) -> None:
        self._git, self._artefacts = git, artefacts
        self._stored: LRUCache[str, tuple[str, str]] = LRUCache(_MAX_BUNDLES)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def store(self, commit: str) -> tuple[str, str]:
        """Return the commit in the bundle, and the key of the bundle. Raises what the ports say."""
        async with self._locks.setdefault(commit, asyncio.Lock()):
            if commit not in self._stored:
                bundle = await pack_commit(self._git, commit)
                self._stored[commit] = bundle.snapshot, await self._artefacts.put(bundle.content)
            return self._stored[commit]


@asynccontextmanager
async def open_bundle(content: bytes, snapshot: str) -> AsyncIterator[Path]:
    """Write the files of a bundle into a temporary folder, which is removed on exit.

    Raises `WorkspaceError` if the bundle does not have that commit.
    """
    with TemporaryDirectory(prefix="theseus-work-", ignore_cleanup_errors=True) as name:
        yield await run_in_thread(_unpack, content, snapshot, Path(name))


def _unpack(content: bytes, snapshot: str, folder: Path) -> Path:
    folder = folder.resolve()
    bundle, repository, tree = folder / "work.bundle", folder / "repository", folder / "tree"
    bundle.write_bytes(content)
    tree.mkdir()
    kind = "sha256" if len(snapshot) > 40 else "sha1"
    Git(folder, is_ours=True).run(
        "init", "-q", "--template=", f"--object-format={kind}", str(repository)
    )
    git = Git(repository, is_ours=True)
    fetch(git, str(bundle), f"+{_BRANCH}:{_BRANCH}")
    bundle.unlink()
    if git.find_revision(_BRANCH) != snapshot:
        raise WorkspaceError(f"the bundle does not have the commit {snapshot[:12]}")
    export(git, snapshot, tree)
    return tree
