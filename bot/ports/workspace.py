"""The workspace port: worktrees for changes, and the running checkout."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from theseus_guard.records import FileChange

from bot.domain.change import RevertResult
from bot.domain.evidence import Commit, Suspect
from bot.domain.local_work import Branch, LocalWork


class Workspace(Protocol):
    """A worktree on a separate branch. All paths are relative to `path`, with forward slashes."""

    @property
    def path(self) -> Path:
        """The worktree's folder, absolute."""
        ...

    @property
    def branch(self) -> str:
        """The branch that is checked out here."""
        ...

    @property
    def base(self) -> str:
        """The commit that the branch started from."""
        ...

    async def get_head(self) -> str:
        """Return the commit checked out here."""
        ...

    async def commit(self, message: str) -> str:
        """Commit all changes in the worktree (without hooks); return the new head.

        Without changes it returns the current head.
        """
        ...

    async def take_snapshot(self) -> str:
        """Return a commit with all changes of the worktree; branch and worktree stay as they are.

        It is for what reads commits only. Nothing keeps it: git removes it some weeks later.
        """
        ...

    async def reset(self, commit: str) -> None:
        """Set the worktree and branch to exactly `commit`; all other changes are lost."""
        ...

    async def fetch(self, commit: str) -> None:
        """Fetch `commit` from the forge's remote, and set the worktree and branch to it."""
        ...

    async def revert(self, merge_commit: str, head: str) -> RevertResult:
        """Revert what merging `head` as `merge_commit` changed, uncommitted; keep later changes.

        `merge_commit` is the merge commit, or the last commit of a squash or rebase. It must be
        part of the current head, and nothing else may be uncommitted. With conflicts the worktree
        is left unchanged. Raises `WorkspaceError` for an unknown commit.
        """
        ...

    async def build_merge(self, tip: str, head: str) -> "Workspace":
        """Set the worktree to the merge of `head` into `tip`, committed; return it as a workspace.

        The returned workspace has `tip` as its base. The branch does not move, so call `reset` on
        this workspace before using it again. Both commits must be known. Raises `MergeConflict`,
        with nothing changed, and `WorkspaceError`.
        """
        ...

    async def merge(self, head: str, message: str) -> str:
        """Merge `head`, a known commit, into the branch; return the new head.

        Nothing may be uncommitted. Imports that both sides add are combined, and so are whole
        functions, list entries and table rows that both add at one place, ours first. Raises
        `MergeConflict`, with both sides, and with nothing changed.
        """
        ...

    async def get_tree_id(self) -> str:
        """Return git's id for the files of the commit checked out here."""
        ...

    async def list_changes(self) -> tuple[FileChange, ...]:
        """Return the files that differ between `base` and the worktree, committed or not."""
        ...

    async def get_diff(self) -> str:
        """Return the unified diff from `base` to the worktree, uncommitted changes included."""
        ...

    async def read_base(self, file: str) -> str | None:
        """Return a file's text at `base`; `None` if it does not exist or is not text."""
        ...

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a commit; `None` if it does not exist or is not text."""
        ...

    async def list_base_files(self) -> frozenset[str]:
        """Return the paths of all files at `base`, including links and submodules."""
        ...

    async def log(self, file: str = "", *, limit: int) -> tuple[Commit, ...]:
        """Return the newest commits in the head's history, newest first; of one file, or of all."""
        ...

    async def list_changed_files(self, commit: str) -> tuple[str, ...]:
        """Return the files that a commit changed against its first parent.

        `commit` is an id, `HEAD` or `HEAD~2`. Raises `WorkspaceError` for anything that is not a
        commit in the head's history: callers may not see other branches.
        """
        ...

    async def show_commit(self, commit: str, files: Sequence[str]) -> str:
        """Return a commit's message, and its diff of these files.

        Raises `WorkspaceError` as `list_changed_files` does.
        """
        ...

    async def export_base(self, into: Path) -> None:
        """Write all files of `base` into the existing, empty folder `into`, without git metadata.

        The worktree and its index are not changed. Raises `WorkspaceError` if git fails.
        """
        ...


class Workspaces(Protocol):
    """Opens worktrees. Never changes the running checkout's files, index or branch."""

    def open(
        self, run_id: str, *, base: str, slug: str = "change"
    ) -> AbstractAsyncContextManager[Workspace]:
        """Open the run's worktree on branch `theseus/<run>-<slug>`.

        The first time, the branch starts at `base`, and the tag `theseus/<run>/start` marks it;
        later the same branch is checked out at its head. On exit the worktree is always removed;
        branch and tag stay. Raises `WorkspaceBusy` if it is open already, `WorkspaceError` if git
        fails.
        """
        ...

    async def drop(self, run_id: str) -> None:
        """Remove the run's branch, tag and worktree, if they exist; a second call is harmless."""
        ...

    async def reap(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Remove worktrees that a crash left, except of runs in `keep`; return their run ids."""
        ...


class Checkout(Protocol):
    """The running checkout: read by investigations, moved forward by shipments."""

    @property
    def path(self) -> Path:
        """The checkout's folder, absolute."""
        ...

    async def get_head(self) -> str:
        """Return the checkout's head commit."""
        ...

    async def find_suspects(
        self, sites: Sequence[tuple[str, int]], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return commits that may have caused a failure at these (file, line) sites, best first.

        First those that `git blame` names for the lines, then the newest commits that touch the
        files, each with its diff of these files. Unknown files or lines are skipped. Root commits
        are never suspects.
        """
        ...

    async def list_changes_since(
        self, commit: str, files: Sequence[str], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return the commits after `commit` that touch any of `files`, each with its diff of them.

        Commits of the first file come first, newest first; then those of the second file, and so
        on. Merges are left out. An unknown commit has nothing after it.
        """
        ...

    async def read(self, file: str) -> str | None:
        """Return a file's current text; `None` if it does not exist or is not text."""
        ...

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a commit, given by its id or the beginning of it.

        Returns `None` if the commit is not known here, or the file does not exist in it or is not
        text. Both may be anything: a journal that others write names them.
        """
        ...

    async def fast_forward(self, commit: str) -> tuple[str, ...]:
        """Fetch from the forge's remote and move to `commit`; return the files that changed.

        Moves only forward: if the checkout is already there or past it, returns `()`. Raises
        `CheckoutDirty`, with nothing changed, if local changes are in the way or the branch has
        diverged.
        """
        ...

    async def has_commit(self, commit: str) -> bool:
        """Return whether `commit` is the head or an ancestor of it."""
        ...

    async def find_obstacles(self) -> tuple[str, ...]:
        """Return why no run can work on this repository, with solutions; empty if runs can."""
        ...

    async def get_tree_id(self, commit: str) -> str:
        """Return git's id for the files of a known commit.

        Raises `WorkspaceError` for an unknown one.
        """
        ...

    async def fetch_tip(self) -> str:
        """Fetch the followed branch from the forge's remote; return its newest commit.

        The checkout does not move. Raises `WorkspaceError` if the remote cannot be reached.
        """
        ...

    async def get_local_work(self) -> LocalWork:
        """Return people's current work in the folder. Cheap, and without network access."""
        ...

    async def list_branches(self, files: Collection[str], since: datetime) -> tuple[Branch, ...]:
        """Return the branches, local or at the forge, that change any of `files`, newest first.

        Merged branches, the bot's own (`theseus/...`), the followed one, and branches without a
        commit after `since` are left out. If the forge cannot be reached, the known branches are
        used.
        """
        ...
