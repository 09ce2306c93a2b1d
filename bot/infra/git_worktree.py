"""One lent worktree: `bot.ports.workspace.Workspace` on git."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.domain.change import FileChange, Undone
from bot.domain.errors import WorkspaceError
from bot.domain.evidence import Commit
from bot.domain.forge_text import neutralise
from bot.infra.git import Git
from bot.infra.git_fetch import fetch_branch
from bot.infra.git_history import history, shown, touched
from bot.infra.git_merge import join, merge_apart, tree_of
from bot.infra.git_parse import (
    diff_between,
    file_changes,
    gitlinks,
    names,
    nested_repository,
    text_at,
)
from bot.infra.git_remote import Access, Way, way_to
from bot.infra.git_revisions import export
from bot.infra.git_settings import PLAIN_DIFF
from bot.infra.git_undo import undo
from bot.infra.threads import in_thread
from bot.redaction import redact


class GitWorkspace:
    """A worktree on a branch of its own; `git` runs in it."""

    def __init__(
        self,
        path: Path,
        branch: str,
        base: str,
        git: Git,
        remote: str,
        access: Access | None = None,
    ) -> None:
        self._path = path
        self._branch = branch
        self._base = base
        self._git = git
        self._remote = remote
        self._access = access
        self._index = asyncio.Lock()

    @property
    def path(self) -> Path:
        """Return the worktree's folder, absolute."""
        return self._path

    @property
    def branch(self) -> str:
        """Return the branch checked out here."""
        return self._branch

    @property
    def base(self) -> str:
        """Return the commit the branch started from."""
        return self._base

    async def head(self) -> str:
        """Return the commit checked out here."""
        return await in_thread(self._git.revision, "HEAD")

    async def commit(self, message: str) -> str:
        """Commit every change; return the new head, or the present one if there is none."""
        async with self._index:
            return await in_thread(self._commit, message)

    async def reset(self, commit: str) -> None:
        """Make the worktree and branch exactly `commit`; ignored files go too."""
        async with self._index:
            await in_thread(self._reset, commit)

    async def fetch(self, commit: str) -> None:
        """Fetch `commit` from the forge's remote, and make worktree and branch exactly that."""
        async with self._index:
            way = await way_to(self._git, self._remote, self._access)
            await in_thread(self._fetch, commit, way)

    async def undo(self, merged: str, head: str) -> Undone:
        """Take back, uncommitted, what merging `head` as `merged` changed."""
        async with self._index:
            return await in_thread(undo, self._git, merged, head)

    async def merged(self, tip: str, head: str) -> "GitWorkspace":
        """Make the worktree what merging `head` into `tip` comes to; its branch stays."""
        async with self._index:
            await in_thread(merge_apart, self._git, tip, head)
        return GitWorkspace(self._path, self._branch, tip, self._git, self._remote, self._access)

    async def join(self, head: str, message: str) -> str:
        """Merge `head` into the branch; return the new head."""
        async with self._index:
            return await in_thread(self._join, head, message)

    async def tree(self) -> str:
        """Return git's id for the files of the commit checked out here."""
        return await in_thread(tree_of, self._git, "HEAD")

    async def changes(self) -> tuple[FileChange, ...]:
        """Return what differs from `base`; a rename also names the old path, as deleted."""
        async with self._index:
            return await in_thread(self._changes)

    async def diff(self) -> str:
        """Return the unified diff from `base` to the worktree."""
        async with self._index:
            return await in_thread(self._diff)

    async def read_base(self, file: str) -> str | None:
        """Return a file's text at `base`; `None` if it is not there or not text."""
        return await self.read_at(self._base, file)

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a commit; `None` if it is not there or not text."""
        return await in_thread(text_at, self._git, commit, file)

    async def base_files(self) -> frozenset[str]:
        """Return the path of every file at `base`."""
        listed = await in_thread(self._git.run, "ls-tree", "-r", "-z", "--name-only", self._base)
        return frozenset(names(listed.out))

    async def log(self, file: str = "", *, limit: int) -> tuple[Commit, ...]:
        """Return the newest commits that the head stands on."""
        return await in_thread(history, self._git, file, limit)

    async def touched(self, commit: str) -> tuple[str, ...]:
        """Return every file a commit changed against its first parent."""
        return await in_thread(touched, self._git, commit)

    async def shown(self, commit: str, files: Sequence[str]) -> str:
        """Return a commit's message, and its diff of these files."""
        return await in_thread(shown, self._git, commit, files)

    async def export_base(self, into: Path) -> None:
        """Write every file of `base` into the existing, empty folder `into`."""
        await in_thread(self._export_base, into)

    def _stage(self) -> bytes:
        """Put the whole worktree into the index; return what that changes against the head."""
        around = [f":(exclude,literal){path}" for path in self._submodules()]
        self._git.run("add", "-A", "--", ".", *around, env={"GIT_LITERAL_PATHSPECS": "0"})
        staged = self._git.run("diff-index", "--cached", "--raw", "--no-renames", "-z", "HEAD").out
        nested = nested_repository(staged)
        if nested is not None:
            self._git.run("rm", "-r", "-q", "-f", "--cached", "--", nested)
            raise WorkspaceError(
                f"{nested} in the worktree is a git repository of its own; a change cannot hold one"
            )
        return staged

    def _submodules(self) -> tuple[str, ...]:
        """Return where other repositories belong. Nobody puts one there but an attacker.

        Git would look whether it was changed, in there, and run what its configuration names.
        """
        return gitlinks(self._git.run("ls-files", "--stage", "-z").out)

    def _commit(self, message: str) -> str:
        if self._stage():
            text = (_safe(message) or "Change") + "\n"
            self._git.run(
                "commit", "-q", "--no-verify", "--cleanup=whitespace", "-F", "-",
                stdin=text.encode(),
            )  # fmt: skip
        return self._git.revision("HEAD")

    def _join(self, head: str, message: str) -> str:
        join(self._git, head, _safe(message) or "Join")
        return self._git.revision("HEAD")

    def _reset(self, commit: str) -> None:
        self._git.run("reset", "-q", "--hard", self._git.revision(commit))
        self._git.run("clean", "-q", "-ffdx")

    def _fetch(self, commit: str, way: Way | None) -> None:
        fetch_branch(self._git, self._remote, self._branch, way)
        if self._git.try_revision(commit) is None:
            raise WorkspaceError(
                f"the forge's branch {self._branch} does not hold {commit[:12]} (any more)"
            )
        self._reset(commit)

    def _export_base(self, into: Path) -> None:
        if not into.is_dir():
            raise WorkspaceError(f"the folder {into} is not there")
        export(self._git, self._base, into)

    def _changes(self) -> tuple[FileChange, ...]:
        self._stage()
        listing = self._git.run(
            "diff", "--cached", *PLAIN_DIFF, "-z", "-M", "--raw", "--numstat", self._base
        )
        return file_changes(listing.out)

    def _diff(self) -> str:
        self._stage()
        return diff_between(self._git, "--cached", self._base)


def _safe(message: str) -> str:
    """Return a commit message without secrets, and without anything that a forge acts on."""
    return neutralise(redact(message)).strip()
