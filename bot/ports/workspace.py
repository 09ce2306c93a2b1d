"""The workspace port: a worktree to change, and the running checkout to read and move forward."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.domain.change import FileChange, RevertResult
from bot.domain.evidence import Commit, Suspect
from bot.domain.local_work import Branch, LocalWork


class Workspace(Protocol):
    """A worktree on a branch of its own. All paths are relative to `path`, with forward slashes."""

    @property
    def path(self) -> Path:
        """Return the worktree's folder, absolute."""
        ...

    @property
    def branch(self) -> str:
        """Return the branch checked out here."""
        ...

    @property
    def base(self) -> str:
        """Return the commit the branch started from."""
        ...

    async def get_head(self) -> str:
        """Return the commit checked out here."""
        ...

    async def commit(self, message: str) -> str:
        """Commit every change in the worktree (hooks off); return the new head.

        With nothing to commit it returns the present head.
        """
        ...

    async def reset(self, commit: str) -> None:
        """Make the worktree and branch exactly `commit`, dropping everything else."""
        ...

    async def fetch(self, commit: str) -> None:
        """Fetch `commit` from the forge's remote, and make worktree and branch exactly that."""
        ...

    async def revert(self, merge_commit: str, head: str) -> RevertResult:
        """Take back, uncommitted, what merging `head` as `merged` changed; keep what came later.

        `merged` is the merge commit, or the last one of a squash or rebase, and part of the
        present head, on which nothing else is uncommitted. With conflicts the worktree is left as
        it was. Raises `WorkspaceError` for a commit that is not there.
        """
        ...

    async def build_merge(self, tip: str, head: str) -> "Workspace":
        """Make the worktree what merging `head` into `tip` comes to, committed; return it so.

        What is returned has `tip` as its base; the branch stays where it is, and `reset` of this
        one is wanted before anything else is done with it. Both commits are known here. Raises
        `MergeConflict`, with nothing half done, and `WorkspaceError`.
        """
        ...

    async def merge(self, head: str, message: str) -> str:
        """Merge `head`, a commit known here, into the branch; return the new head.

        Nothing is uncommitted here. Where both sides only added lines to a file it gets both, ours
        first where they stand at one place. Raises `MergeConflict`, with everything as it was.
        """
        ...

    async def get_tree_id(self) -> str:
        """Return git's id for the files of the commit checked out here."""
        ...

    async def list_changes(self) -> tuple[FileChange, ...]:
        """Return what differs between `base` and the worktree, uncommitted included."""
        ...

    async def get_diff(self) -> str:
        """Return the unified diff from `base` to the worktree, uncommitted included."""
        ...

    async def read_base(self, file: str) -> str | None:
        """Return a file's text at `base`; `None` if it is not there or not text."""
        ...

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a commit, whatever the worktree holds; `None` as above."""
        ...

    async def list_base_files(self) -> frozenset[str]:
        """Return the path of every file at `base`, links and submodules among them."""
        ...

    async def log(self, file: str = "", *, limit: int) -> tuple[Commit, ...]:
        """Return the newest commits that the head stands on, newest first; of a file, or of all."""
        ...

    async def list_changed_files(self, commit: str) -> tuple[str, ...]:
        """Return every file a commit changed against its first parent.

        `commit` is an id, `HEAD` or `HEAD~2`. Raises `WorkspaceError` for what is no commit that
        the head stands on: other branches are not for whoever asks.
        """
        ...

    async def show_commit(self, commit: str, files: Sequence[str]) -> str:
        """Return a commit's message, and its diff of these files. Raises as `touched`."""
        ...

    async def export_base(self, into: Path) -> None:
        """Write every file of `base` into the existing, empty folder `into`, without git's own.

        The worktree and its index stay as they are. Raises `WorkspaceError` if git refuses.
        """
        ...


class Workspaces(Protocol):
    """Lends worktrees. Never touches the running checkout's files, index or branch."""

    def open(
        self, run_id: str, *, base: str, slug: str = "change"
    ) -> AbstractAsyncContextManager[Workspace]:
        """Lend the run's worktree on branch `theseus/<run>-<slug>`.

        The first time, the branch starts at `base` and a tag `theseus/<run>/start` marks it; later
        the same branch is checked out where it stands. On exit the worktree is removed, whatever
        happened; branch and tag stay. Raises `WorkspaceBusy` if it is lent already,
        `WorkspaceError` if git refuses.
        """
        ...

    async def drop(self, run_id: str) -> None:
        """Remove the run's branch and tag, and its worktree if one was left. Again is harmless."""
        ...

    async def reap(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Remove worktrees of runs not in `keep` that a crash left; return their run ids."""
        ...


class Checkout(Protocol):
    """The running checkout: read by the investigation, moved forward by a shipment."""

    @property
    def path(self) -> Path:
        """Return its folder, absolute."""
        ...

    async def get_head(self) -> str:
        """Return the commit it stands on."""
        ...

    async def find_suspects(
        self, sites: Sequence[tuple[str, int]], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return commits that may be behind a failure at these (file, line) sites, best first.

        Blame of the lines, then the newest commits touching the files; each with its diff of those
        files. An unknown file or line is skipped. Root commits are not suspects.
        """
        ...

    async def list_changes_since(
        self, commit: str, files: Sequence[str], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return the commits after `commit` that touch any of `files`, each with its diff of them.

        Those of the first file come first, and among them the newest; then those of the second,
        and so on. Merges are left out. A commit that is not known here has nothing after it.
        """
        ...

    async def read(self, file: str) -> str | None:
        """Return a file's text as it stands in the folder; `None` if absent or not text."""
        ...

    async def fast_forward(self, commit: str) -> tuple[str, ...]:
        """Fetch from the forge's remote and move to `commit`; return the files that changed.

        Only ever forward. Already there or past it: returns `()`. Raises `CheckoutDirty` when it
        has local changes in the way or has diverged, and leaves everything as it was.
        """
        ...

    async def has_commit(self, commit: str) -> bool:
        """Return whether `commit` is the head or an ancestor of it."""
        ...

    async def find_obstacles(self) -> tuple[str, ...]:
        """Return why no run can work on this repository, with the way out; empty where one can."""
        ...

    async def get_tree_id(self, commit: str) -> str:
        """Return git's id for the files of a commit that is known here.

        Raises `WorkspaceError` for one that is not.
        """
        ...

    async def fetch_tip(self) -> str:
        """Ask the forge's remote for the followed branch; return its newest commit.

        Nothing moves. Raises `WorkspaceError` where the remote cannot be reached.
        """
        ...

    async def get_local_work(self) -> LocalWork:
        """Return what people are doing in the folder. Cheap, and goes over no network."""
        ...

    async def list_branches(self, files: Collection[str], since: datetime) -> tuple[Branch, ...]:
        """Return the branches, here or at the forge, that change any of `files`, newest first.

        Merged ones, the bot's own (`theseus/...`), the followed one, and those without a commit
        after `since` are left out. Where the forge cannot be reached, those known here count.
        """
        ...
