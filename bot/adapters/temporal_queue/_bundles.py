"""The files of a commit, or of a folder, as a git bundle without history."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple
from weakref import WeakValueDictionary

from cachetools import LRUCache
from theseus_guard.completion import run_in_thread
from theseus_rehearsal.temporary_folder import open_temporary_folder

from bot.domain.errors import WorkspaceError
from bot.infra.git import Git
from bot.infra.git_fetch import fetch
from bot.infra.git_merge import get_tree_id
from bot.infra.git_remote import borrow_objects
from bot.infra.git_revisions import export
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
        return _write_bundle(scratch, tree)


def _write_bundle(scratch: Git, tree: str) -> Bundle:
    snapshot = scratch.run("commit-tree", tree, "-m", "Files to work with", env=_NO_ONE).line
    scratch.run("update-ref", _BRANCH, snapshot)
    file = scratch.folder / "work.bundle"
    scratch.run("bundle", "create", "-q", str(file), _BRANCH)
    return Bundle(snapshot, file.read_bytes())


def _pack_files(git: Git, folder: Path) -> Bundle:
    """Return the files of a folder as they are, whatever its attributes and ignore files say."""
    try:
        files, links = _list_files(folder)
        targets = {each: os.fsencode((folder / each).readlink()) for each in links}
    except OSError as error:
        raise WorkspaceError(f"{folder} cannot be read: {error}") from error
    with borrow_objects(git) as scratch:
        lines = "".join(f"{folder / name}\n" for name in files)
        hashing = ("hash-object", "-w", "--no-filters")
        ids = scratch.run(*hashing, "--stdin-paths", stdin=os.fsencode(lines)).line.split()
        entries = [
            f"{'100755' if os.access(folder / name, os.X_OK) else '100644'} {blob}\t{name}"
            for name, blob in zip(files, ids, strict=True)
        ]
        for name, target in targets.items():
            blob = scratch.run(*hashing, "--stdin", stdin=target).line
            entries.append(f"120000 {blob}\t{name}")
        listed = "".join(f"{each}\0" for each in entries)
        scratch.run("update-index", "-z", "--index-info", stdin=os.fsencode(listed))
        return _write_bundle(scratch, scratch.run("write-tree").line)


def _list_files(root: Path) -> tuple[list[str], list[str]]:
    """Return the regular files and the links below a folder. Raises `WorkspaceError`."""
    files, links = [], []
    for place, folders, names in os.walk(root):
        if Path(place) == root:  # what is a worktree here is a copy there
            folders[:] = [each for each in folders if each != ".git"]
            names[:] = [each for each in names if each != ".git"]
        for name in sorted([*names, *folders]):
            path = Path(place, name)
            relative = path.relative_to(root).as_posix()
            if path.is_symlink():
                links.append(relative)
            elif path.is_file():
                files.append(relative)
            if "\n" in relative or ".git" in path.relative_to(root).parts:
                raise WorkspaceError(f"{relative!r} cannot be given to workers")
    return files, links


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

    async def store_files(self, tree: Path) -> tuple[str, str]:
        """Return the same for the files of a folder. Raises what the ports say."""
        bundle = await run_in_thread(_pack_files, self._git, tree)
        # Git compresses the same files differently each time, in several threads.
        async with self._locks.setdefault(bundle.snapshot, asyncio.Lock()):
            if bundle.snapshot not in self._stored:
                key = await self._artefacts.put(bundle.content)
                self._stored[bundle.snapshot] = bundle.snapshot, key
            return self._stored[bundle.snapshot]


@asynccontextmanager
async def open_bundle(content: bytes, snapshot: str) -> AsyncIterator[Path]:
    """Write the files of a bundle into a temporary folder, which is removed on exit.

    Raises `WorkspaceError` if the bundle does not have that commit.
    """
    async with open_temporary_folder("theseus-work-") as folder:
        yield await run_in_thread(_unpack, content, snapshot, folder)


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
