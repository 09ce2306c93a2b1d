"""Worktrees without git."""

import difflib
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from theseus_guard.records import FileChange

from bot.domain.change import RevertResult
from bot.domain.errors import MergeConflict, WorkspaceBusy, WorkspaceError
from bot.domain.evidence import Commit
from bot.domain.ids import slugify as safe_slug
from tests.fakes.differences import (
    Files,
    as_bytes,
    compute_sha,
    decode_text,
    format_git_header,
    list_changes,
    merge_files,
    require_folder,
    revert_change,
    write_files,
)

_NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


class FakeWorkspace:
    """A plain folder with snapshots for commits. Implements `bot.ports.workspace.Workspace`."""

    def __init__(
        self,
        path: Path,
        branch: str,
        base: str,
        snapshots: dict[str, Files],
        fetched: set[str] | None = None,
        parents: dict[str, str] | None = None,
        *,
        head: str = "",
    ) -> None:
        self._parents = {} if parents is None else parents
        self._fetched = set() if fetched is None else fetched
        self.path = path
        self.branch = branch
        self.base = base
        self._snapshots = snapshots
        self._messages: dict[str, str] = {}
        self._head = head or base

    async def get_head(self) -> str:
        """Return the newest snapshot's name."""
        return self._head

    async def commit(self, message: str) -> str:
        """Keep a snapshot of the folder."""
        files = self._read_files()
        if files != self._snapshots[self._head]:
            before = self._head
            self._head = compute_sha(files, before, message)
            self._snapshots[self._head] = files
            self._parents[self._head] = before
            self._messages[self._head] = message
        return self._head

    async def take_snapshot(self) -> str:
        """Keep a snapshot of the folder; the head stays."""
        files = self._read_files()
        commit = compute_sha(files, self._head, "snapshot")
        self._snapshots[commit] = files
        return commit

    async def reset(self, commit: str) -> None:
        """Make the folder that snapshot; `<commit>^` is the one before it."""
        if commit.endswith("^"):
            commit = self._parents.get(commit.removesuffix("^"), commit)
        files = self._get_files(commit)
        if self._read_files() != files:
            shutil.rmtree(self.path)
            write_files(self.path, files)
        self._head = commit

    async def fetch(self, commit: str) -> None:
        """Make the folder that snapshot; a test puts it there with `FakeWorkspaces.pushed`."""
        await self.reset(commit)
        self._fetched.add(commit)

    async def revert(self, merge_commit: str, head: str) -> RevertResult:
        """Put back what that snapshot changed; a file changed since keeps what else is new in it.

        Where the very lines were changed since, there is a conflict.
        """
        after, before = self._get_files(merge_commit), self._parents[merge_commit]
        undone, now = revert_change(before, self._get_files(before), after, self._read_files())
        if not undone.conflicts:
            shutil.rmtree(self.path)
            self.path.mkdir()
            write_files(self.path, now)
        return undone

    async def build_merge(self, tip: str, head: str) -> "FakeWorkspace":
        """Make the folder the merge of both; a file is merged as if `base` were where they part."""
        onto, old, new = self._get_files(tip), self._get_files(self.base), self._get_files(head)
        undone, files = revert_change(tip, new, old, onto)
        if undone.conflicts:
            sides = dict.fromkeys(undone.conflicts, "")
            raise MergeConflict("they do not merge cleanly", sides=sides)
        commit = head if tip == self.base else compute_sha(files, tip, head)
        self._snapshots[commit] = files
        result = FakeWorkspace(
            self.path, self.branch, tip, self._snapshots, self._fetched, self._parents
        )
        await result.reset(commit)
        return result

    async def merge(self, head: str, message: str) -> str:
        """Merge the changes of `head` since `base` into the folder; additions of both sides
        stay.
        """
        now, conflicts = merge_files(
            self._get_files(self.base), self._get_files(head), self._read_files()
        )
        if conflicts:
            raise MergeConflict("they do not merge cleanly", sides=conflicts)
        shutil.rmtree(self.path)
        self.path.mkdir()
        write_files(self.path, now)
        return await self.commit(message)

    async def get_tree_id(self) -> str:
        """Return one name for the files of the snapshot."""
        return compute_sha(self._get_files(self._head))

    async def list_changes(self) -> tuple[FileChange, ...]:
        """Return what differs from base; a rename is seen where the content stayed the same."""
        return list_changes(self._snapshots[self.base], self._read_files())

    async def get_diff(self) -> str:
        """Return a unified diff of the text files."""
        before, now = self._snapshots[self.base], self._read_files()
        parts: list[str] = []
        for change in await self.list_changes():
            old, new = before.get(change.path), now.get(change.path)
            parts.append(format_git_header(change, old, new))
            parts += difflib.unified_diff(
                (decode_text(old) or "").splitlines(keepends=True),
                (decode_text(new) or "").splitlines(keepends=True),
                "/dev/null" if old is None else f"a/{change.path}",
                "/dev/null" if new is None else f"b/{change.path}",
            )
        return "".join(parts)

    async def read_base(self, file: str) -> str | None:
        """Return a file's text at base."""
        return await self.read_at(self.base, file)

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a snapshot."""
        return decode_text(self._get_files(commit).get(file))

    async def list_base_files(self) -> frozenset[str]:
        """Return the names of base's files."""
        return frozenset(self._snapshots[self.base])

    async def log(self, file: str = "", *, limit: int) -> tuple[Commit, ...]:
        """Return the snapshots the present one came from, newest first."""
        line = [
            sha for sha in self._list_ancestors() if not file or file in self._list_changed(sha)
        ]
        return tuple(
            Commit(
                sha=sha,
                author="Theseus",
                at=_NOON,
                summary=self._get_message(sha).partition("\n")[0],
            )
            for sha in line[:limit]
        )

    async def list_changed_files(self, commit: str) -> tuple[str, ...]:
        """Return the names of what differs from the snapshot before."""
        return self._list_changed(self._resolve_commit(commit))

    async def show_commit(self, commit: str, files: Sequence[str]) -> str:
        """Return what was said of a snapshot, and the diff of these files."""
        sha = self._resolve_commit(commit)
        before, now = self._get_parent_files(sha), self._snapshots[sha]
        parts = [f"commit {sha}\n\n{self._get_message(sha)}\n"]
        for name in (name for name in self._list_changed(sha) if name in files):
            parts.append(f"diff --git a/{name} b/{name}\n")
            parts += difflib.unified_diff(
                (decode_text(before.get(name)) or "").splitlines(keepends=True),
                (decode_text(now.get(name)) or "").splitlines(keepends=True),
            )
        return "".join(parts)

    def _list_ancestors(self) -> list[str]:
        """Return the present snapshot and all before it."""
        line = [self._head]
        while line[-1] in self._parents:
            line.append(self._parents[line[-1]])
        return line

    def _resolve_commit(self, commit: str) -> str:
        line = self._list_ancestors()
        found = [sha for sha in line if sha == commit]
        if commit.startswith("HEAD"):
            found = line[int(commit.removeprefix("HEAD").removeprefix("~") or 0) :]
        if not found:
            raise WorkspaceError(f"the branch stands on no commit {commit[:80]!r}")
        return found[0]

    def _get_parent_files(self, sha: str) -> Files:
        return self._snapshots[self._parents[sha]] if sha in self._parents else {}

    def _list_changed(self, sha: str) -> tuple[str, ...]:
        before, now = self._get_parent_files(sha), self._snapshots[sha]
        names = sorted(before.keys() | now.keys())
        return tuple(name for name in names if before.get(name) != now.get(name))

    def _get_message(self, sha: str) -> str:
        return self._messages.get(sha, "")

    async def export_base(self, into: Path) -> None:
        """Write base's files."""
        write_files(require_folder(into), self._snapshots[self.base])

    def _get_files(self, commit: str) -> Files:
        if commit not in self._snapshots:
            raise WorkspaceError(f"there is no commit {commit!r}")
        return self._snapshots[commit]

    def _read_files(self) -> Files:
        return {
            path.relative_to(self.path).as_posix(): path.read_bytes()
            for path in self.path.rglob("*")
            if path.is_file()
        }


class FakeWorkspaces:
    """Opens plain folders. Implements `bot.ports.workspace.Workspaces`."""

    def __init__(self, folder: Path, files: Mapping[str, str | bytes]) -> None:
        self._folder = folder
        first = {name: content or b"" for name, content in as_bytes(files).items()}
        self.base = compute_sha(first)
        self.snapshots: dict[str, Files] = {self.base: first}
        self._branches: dict[str, tuple[str, str, str]] = {}  # run -> branch, base, head
        self._parents: dict[str, str] = {}
        self.fetched: set[str] = set()
        self.leased: set[str] = set()
        self.left: set[str] = set()

    def add_snapshot(self, files: Mapping[str, str | bytes]) -> str:
        """Add a snapshot that `fetch` can find, as if another person had pushed it."""
        content = {name: content or b"" for name, content in as_bytes(files).items()}
        commit = compute_sha(content, "pushed")
        self.snapshots[commit] = content
        return commit

    def add_parent(self, commit: str, parent: str) -> None:
        """Make `commit` known as the one that follows the snapshot `parent`."""
        self._parents[commit] = parent

    def add_merge(self, head: str, commit: str) -> None:
        """Register the forge's merge of `head` as `commit`."""
        if head in self.snapshots:
            self.snapshots[commit], self._parents[commit] = self.snapshots[head], self.base

    @asynccontextmanager
    async def open(
        self, run_id: str, *, base: str, slug: str = "change"
    ) -> AsyncIterator[FakeWorkspace]:
        """Yield the run's folder."""
        if not (run_id.isascii() and run_id.isalnum()):
            raise WorkspaceError(f"{run_id!r} is not a run id")
        if run_id in self.leased:
            raise WorkspaceBusy(f"the worktree of run {run_id} is in use")
        first = (f"theseus/{run_id}-{safe_slug(slug)}", base, base)
        branch, start, head = self._branches.get(run_id, first)
        if head not in self.snapshots:
            raise WorkspaceError(f"there is no commit {head!r}")
        path = (self._folder / run_id).resolve()
        workspace = FakeWorkspace(
            path, branch, start, self.snapshots, self.fetched, self._parents, head=head
        )
        self.leased.add(run_id)
        try:
            if path.exists():  # left by one that was killed
                await workspace.reset(head)
            else:
                path.mkdir(parents=True)
                write_files(path, self.snapshots[head])
            yield workspace
        finally:
            self._branches[run_id] = (branch, start, await workspace.get_head())
            self.leased.discard(run_id)
            shutil.rmtree(path, ignore_errors=True)

    async def drop(self, run_id: str) -> None:
        """Forget the run's branch."""
        self._branches.pop(run_id, None)
        self.left.discard(run_id)

    async def reap(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Return what a test put into `left`."""
        reaped = tuple(sorted(self.left - keep - self.leased))
        self.left -= set(reaped)
        return reaped
