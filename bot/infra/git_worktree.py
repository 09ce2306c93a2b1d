"""A temporary worktree: `bot.ports.workspace.Workspace` on git."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from theseus_guard.completion import run_in_thread
from theseus_guard.git_output import parse_file_changes, parse_names
from theseus_guard.git_reader import read_diff, read_text
from theseus_guard.git_settings import PLAIN_DIFF
from theseus_guard.records import FileChange
from theseus_observe.redaction import redact

from bot.domain.change import RevertResult
from bot.domain.errors import WorkspaceError
from bot.domain.evidence import Commit
from bot.domain.forge_text import neutralise
from bot.infra.git import Git
from bot.infra.git_fetch import fetch_branch
from bot.infra.git_history import list_changed_files, list_history, show_commit
from bot.infra.git_merge import get_tree_id, join, merge_detached
from bot.infra.git_parse import find_nested_repository, parse_gitlinks
from bot.infra.git_remote import Access, Way, find_way
from bot.infra.git_revert import revert_merge
from bot.infra.git_revisions import export
from bot.infra.shared_commits import SharedCommits


class GitWorkspace:
    """A worktree on a separate branch; `git` runs in it."""

    def __init__(
        self,
        path: Path,
        branch: str,
        base: str,
        git: Git,
        remote: str,
        access: Access | None = None,
        shared: SharedCommits | None = None,
    ) -> None:
        self._path = path
        self._branch = branch
        self._base = base
        self._git = git
        self._remote = remote
        self._access = access
        self._shared = shared
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

    async def get_head(self) -> str:
        """Return the commit checked out here."""
        return await run_in_thread(self._git.resolve_revision, "HEAD")

    async def commit(self, message: str) -> str:
        """Commit every change; return the new head, or the present one if there is none."""
        async with self._index:
            return await run_in_thread(self._commit, message)

    async def take_snapshot(self) -> str:
        """Return a commit with every change; branch and worktree stay as they are."""
        async with self._index:
            return await run_in_thread(self._take_snapshot)

    async def reset(self, commit: str) -> None:
        """Make the worktree and branch exactly `commit`; ignored files go too."""
        async with self._index:
            await self._fetch_missing(commit)
            await run_in_thread(self._reset, commit)

    async def fetch(self, commit: str) -> None:
        """Fetch `commit` from the forge's remote, and make worktree and branch exactly that."""
        async with self._index:
            way = await find_way(self._git, self._remote, self._access)
            await run_in_thread(self._fetch, commit, way)

    async def revert(self, merge_commit: str, head: str) -> RevertResult:
        """Revert the merge `merge_commit` of `head` without committing the result."""
        async with self._index:
            return await run_in_thread(revert_merge, self._git, merge_commit, head)

    async def build_merge(self, tip: str, head: str) -> "GitWorkspace":
        """Make the worktree what merging `head` into `tip` comes to; its branch stays."""
        async with self._index:
            await self._fetch_missing(head)
            await run_in_thread(merge_detached, self._git, tip, head)
        return GitWorkspace(
            self._path, self._branch, tip, self._git, self._remote, self._access, self._shared
        )

    async def merge(self, head: str, message: str) -> str:
        """Merge `head` into the branch; return the new head."""
        async with self._index:
            return await run_in_thread(self._merge, head, message)

    async def get_tree_id(self) -> str:
        """Return git's id for the files of the commit checked out here."""
        return await run_in_thread(get_tree_id, self._git, "HEAD")

    async def list_changes(self) -> tuple[FileChange, ...]:
        """Return what differs from `base`; a rename also names the old path, as deleted."""
        async with self._index:
            return await run_in_thread(self._list_changes)

    async def get_diff(self) -> str:
        """Return the unified diff from `base` to the worktree."""
        async with self._index:
            return await run_in_thread(self._read_diff)

    async def read_base(self, file: str) -> str | None:
        """Return a file's text at `base`; `None` if it is not there or not text."""
        return await self.read_at(self._base, file)

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a commit; `None` if it is not there or not text."""
        return await run_in_thread(read_text, self._git, commit, file)

    async def list_base_files(self) -> frozenset[str]:
        """Return the path of every file at `base`."""
        listed = await run_in_thread(
            self._git.run, "ls-tree", "-r", "-z", "--name-only", self._base
        )
        return frozenset(parse_names(listed.out))

    async def log(self, file: str = "", *, limit: int) -> tuple[Commit, ...]:
        """Return the newest commits that the head contains."""
        return await run_in_thread(list_history, self._git, file, limit)

    async def list_changed_files(self, commit: str) -> tuple[str, ...]:
        """Return every file a commit changed against its first parent."""
        return await run_in_thread(list_changed_files, self._git, commit)

    async def show_commit(self, commit: str, files: Sequence[str]) -> str:
        """Return a commit's message, and its diff of these files."""
        return await run_in_thread(show_commit, self._git, commit, files)

    async def export_base(self, into: Path) -> None:
        """Write every file of `base` into the existing, empty folder `into`."""
        await run_in_thread(self._export_base, into)

    def _stage(self) -> bytes:
        """Add the complete worktree to the index, and return the changes against the head."""
        around = [f":(exclude,literal){path}" for path in self._list_submodules()]
        self._git.run("add", "-A", "--", ".", *around, env={"GIT_LITERAL_PATHSPECS": "0"})
        staged = self._git.run("diff-index", "--cached", "--raw", "--no-renames", "-z", "HEAD").out
        nested = find_nested_repository(staged)
        if nested is not None:
            self._git.run("rm", "-r", "-q", "-f", "--cached", "--", nested)
            raise WorkspaceError(
                f"{nested} in the worktree is a git repository of its own; a change cannot hold one"
            )
        return staged

    def _list_submodules(self) -> tuple[str, ...]:
        """Return the paths of submodules, which are excluded from every operation.

        Only an attacker would put a repository there. Git would check it for changes, and run the
        programs in its configuration.
        """
        return parse_gitlinks(self._git.run("ls-files", "--stage", "-z").out)

    def _commit(self, message: str) -> str:
        if self._stage():
            text = (_sanitize_message(message) or "Change") + "\n"
            self._git.run(
                "commit", "-q", "--no-verify", "--cleanup=whitespace", "-F", "-",
                stdin=text.encode(),
            )  # fmt: skip
        return self._share_head()

    def _take_snapshot(self) -> str:
        self._stage()
        tree = self._git.run("write-tree").line
        return self._git.run("commit-tree", tree, "-p", "HEAD", "-m", "Snapshot").line

    def _merge(self, head: str, message: str) -> str:
        join(self._git, head, _sanitize_message(message) or "Join")
        return self._share_head()

    def _share_head(self) -> str:
        head = self._git.resolve_revision("HEAD")
        if self._shared is not None:
            self._shared.save(self._git, self._base, head)
        return head

    def _find_here(self, commit: str) -> bool:
        if self._git.find_revision(commit) is not None:
            return True
        return self._shared is not None and self._shared.load(self._git, commit)

    async def _fetch_missing(self, commit: str) -> None:
        """Fetch a commit of another machine: from the shared folder, or its branch at the forge."""
        if not await run_in_thread(self._find_here, commit):
            way = await find_way(self._git, self._remote, self._access)
            await run_in_thread(fetch_branch, self._git, self._remote, self._branch, way)

    def _reset(self, commit: str) -> None:
        self._git.run("reset", "-q", "--hard", self._git.resolve_revision(commit))
        self._git.run("clean", "-q", "-ffdx")

    def _fetch(self, commit: str, way: Way | None) -> None:
        fetch_branch(self._git, self._remote, self._branch, way)
        if self._git.find_revision(commit) is None:
            raise WorkspaceError(
                f"the forge's branch {self._branch} does not hold {commit[:12]} (any more)"
            )
        self._reset(commit)

    def _export_base(self, into: Path) -> None:
        if not into.is_dir():
            raise WorkspaceError(f"the folder {into} is not there")
        export(self._git, self._base, into)

    def _list_changes(self) -> tuple[FileChange, ...]:
        self._stage()
        listing = self._git.run(
            "diff", "--cached", *PLAIN_DIFF, "-z", "-M", "--raw", "--numstat", self._base
        )
        return parse_file_changes(listing.out)

    def _read_diff(self) -> str:
        self._stage()
        return read_diff(self._git, "--cached", self._base)


def _sanitize_message(message: str) -> str:
    """Return a commit message without secrets, and without anything that a forge acts on."""
    return neutralise(redact(message)).strip()
