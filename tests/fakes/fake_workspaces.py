"""Worktrees and a running checkout without git."""

import difflib
import shutil
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.domain.change import FileChange, Undone
from bot.domain.errors import CheckoutDirty, WorkspaceBusy, WorkspaceError
from bot.domain.evidence import Commit, Suspect
from bot.domain.ids import slug as safe_slug
from bot.domain.local_work import Branch, LocalWork
from tests.fakes.differences import (
    Files,
    as_bytes,
    changed,
    existing,
    git_header,
    sha_of,
    taken_back,
    text_of,
    write_files,
)


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
    ) -> None:
        self._parents = {} if parents is None else parents
        self._fetched = set() if fetched is None else fetched
        self.path = path
        self.branch = branch
        self.base = base
        self._snapshots = snapshots
        self._head = base

    async def head(self) -> str:
        """Return the newest snapshot's name."""
        return self._head

    async def commit(self, message: str) -> str:
        """Keep a snapshot of the folder."""
        files = self._now()
        if files != self._snapshots[self._head]:
            before = self._head
            self._head = sha_of(files, before, message)
            self._snapshots[self._head] = files
            self._parents[self._head] = before
        return self._head

    async def reset(self, commit: str) -> None:
        """Make the folder that snapshot."""
        files = self._at(commit)
        shutil.rmtree(self.path)
        write_files(self.path, files)
        self._head = commit

    async def fetch(self, commit: str) -> None:
        """Make the folder that snapshot; a test puts it there with `FakeWorkspaces.pushed`."""
        await self.reset(commit)
        self._fetched.add(commit)

    async def undo(self, merged: str, head: str) -> Undone:
        """Put back what that snapshot changed; a file changed since keeps what else is new in it.

        Where the very lines were changed since, there is a conflict.
        """
        after, before = self._at(merged), self._parents[merged]
        undone, now = taken_back(before, self._at(before), after, self._now())
        if not undone.conflicts:
            shutil.rmtree(self.path)
            self.path.mkdir()
            write_files(self.path, now)
        return undone

    async def changes(self) -> tuple[FileChange, ...]:
        """Return what differs from base; a rename is seen where the content stayed the same."""
        before, now = self._snapshots[self.base], self._now()
        gone = {before[name]: name for name in before.keys() - now.keys()}
        new = {now[name]: name for name in now.keys() - before.keys()}
        moved = {side[content] for content in gone.keys() & new.keys() for side in (gone, new)}
        found = []
        for name in sorted(before.keys() | now.keys()):
            if name in moved:
                found.append(
                    FileChange(
                        path=name,
                        added=0,
                        removed=0,
                        status="renamed" if name in now else "deleted",
                    )
                )
            elif before.get(name) != now.get(name):
                found.append(changed(name, before.get(name), now.get(name)))
        return tuple(found)

    async def diff(self) -> str:
        """Return a unified diff of the text files."""
        before, now = self._snapshots[self.base], self._now()
        parts: list[str] = []
        for change in await self.changes():
            old, new = before.get(change.path), now.get(change.path)
            parts.append(git_header(change, old, new))
            parts += difflib.unified_diff(
                (text_of(old) or "").splitlines(keepends=True),
                (text_of(new) or "").splitlines(keepends=True),
                "/dev/null" if old is None else f"a/{change.path}",
                "/dev/null" if new is None else f"b/{change.path}",
            )
        return "".join(parts)

    async def read_base(self, file: str) -> str | None:
        """Return a file's text at base."""
        return await self.read_at(self.base, file)

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a snapshot."""
        return text_of(self._at(commit).get(file))

    async def base_files(self) -> frozenset[str]:
        """Return the names of base's files."""
        return frozenset(self._snapshots[self.base])

    async def export_base(self, into: Path) -> None:
        """Write base's files."""
        write_files(existing(into), self._snapshots[self.base])

    def _at(self, commit: str) -> Files:
        if commit not in self._snapshots:
            raise WorkspaceError(f"there is no commit {commit!r}")
        return self._snapshots[commit]

    def _now(self) -> Files:
        return {
            path.relative_to(self.path).as_posix(): path.read_bytes()
            for path in self.path.rglob("*")
            if path.is_file()
        }


class FakeWorkspaces:
    """Lends plain folders. Implements `bot.ports.workspace.Workspaces`."""

    def __init__(self, folder: Path, files: Mapping[str, str | bytes]) -> None:
        self._folder = folder
        first = {name: content or b"" for name, content in as_bytes(files).items()}
        self.base = sha_of(first)
        self._snapshots: dict[str, Files] = {self.base: first}
        self._branches: dict[str, tuple[str, str, str]] = {}  # run -> branch, base, head
        self._parents: dict[str, str] = {}
        self.fetched: set[str] = set()
        self.lent: set[str] = set()
        self.left: set[str] = set()

    def pushed(self, files: Mapping[str, str | bytes]) -> str:
        """Add a snapshot that `fetch` can find, as if somebody had pushed it."""
        content = {name: content or b"" for name, content in as_bytes(files).items()}
        commit = sha_of(content, "pushed")
        self._snapshots[commit] = content
        return commit

    @asynccontextmanager
    async def lend(
        self, run_id: str, *, base: str, slug: str = "change"
    ) -> AsyncIterator[FakeWorkspace]:
        """Lend the run's folder."""
        if not (run_id.isascii() and run_id.isalnum()):
            raise WorkspaceError(f"{run_id!r} is not a run id")
        if run_id in self.lent:
            raise WorkspaceBusy(f"the worktree of run {run_id} is in use")
        first = (f"theseus/{run_id}-{safe_slug(slug)}", base, base)
        branch, start, head = self._branches.get(run_id, first)
        if head not in self._snapshots:
            raise WorkspaceError(f"there is no commit {head!r}")
        path = (self._folder / run_id).resolve()
        workspace = FakeWorkspace(path, branch, start, self._snapshots, self.fetched, self._parents)
        self.lent.add(run_id)
        try:
            path.mkdir(parents=True, exist_ok=True)
            await workspace.reset(head)
            yield workspace
        finally:
            self._branches[run_id] = (branch, start, await workspace.head())
            self.lent.discard(run_id)
            shutil.rmtree(path, ignore_errors=True)

    async def drop(self, run_id: str) -> None:
        """Forget the run's branch."""
        self._branches.pop(run_id, None)
        self.left.discard(run_id)

    async def reap(self, keep: frozenset[str]) -> tuple[str, ...]:
        """Return what a test put into `left`."""
        reaped = tuple(sorted(self.left - keep - self.lent))
        self.left -= set(reaped)
        return reaped


@dataclass
class FakeCheckout:
    """A checkout in memory. `commits` and `found` script what `log` and `suspects` answer."""

    files: dict[str, str | bytes | None]
    path: Path = Path("/fake/checkout")
    commits: tuple[Commit, ...] = ()
    found: tuple[Suspect, ...] = ()
    diverged: bool = False
    history: list[str] = field(default_factory=lambda: ["0" * 39 + "1"])
    ahead: list[tuple[str, dict[str, str | bytes | None]]] = field(default_factory=list)
    edited: set[str] = field(default_factory=set)
    worked_on: dict[str, tuple[str, ...]] = field(default_factory=dict)
    looks: int = 0
    asked: int = 0

    def advance(self, files: Mapping[str, str | bytes | None], commit: str | None = None) -> str:
        """Add a commit to the forge's branch; return it."""
        commit = commit or f"{len(self.history) + len(self.ahead) + 1:040x}"
        self.ahead.append((commit, dict(files)))
        return commit

    def edit(self, files: Mapping[str, str | bytes | None]) -> None:
        """Change files by hand."""
        self.files |= files
        self.edited |= set(files)

    async def head(self) -> str:
        """Return the newest commit."""
        return self.history[-1]

    async def log(self, files: Sequence[str], *, limit: int = 20) -> tuple[Commit, ...]:
        """Return the scripted commits."""
        return self.commits[:limit] if files else ()

    async def suspects(
        self, sites: Sequence[tuple[str, int]], *, limit: int = 5
    ) -> tuple[Suspect, ...]:
        """Return the scripted suspects if any site's file is here."""
        return self.found[:limit] if any(file in self.files for file, _ in sites) else ()

    async def read(self, file: str) -> str | None:
        """Return a file's text."""
        content = self.files.get(file)
        return text_of(content.encode() if isinstance(content, str) else content)

    async def fast_forward(self, commit: str) -> tuple[str, ...]:
        """Take on the commits up to and including `commit`."""
        if commit in self.history:
            return ()
        known = [name for name, _ in self.ahead]
        if commit not in known:
            raise WorkspaceError(f"{commit[:12]} is not on main of the forge")
        steps = self.ahead[: known.index(commit) + 1]
        touched = {name for _, files in steps for name in files}
        if self.diverged or touched & self.edited:
            raise CheckoutDirty(f"changes in the way: {', '.join(sorted(touched & self.edited))}")
        for name, files in steps:
            self.files |= files
            self.history.append(name)
        del self.ahead[: len(steps)]
        return tuple(sorted(touched))

    async def contains(self, commit: str) -> bool:
        """Return whether it was taken on."""
        return commit in self.history

    async def tip(self) -> str:
        """Return the newest commit of the forge's branch."""
        self.asked += 1
        return self.ahead[-1][0] if self.ahead else self.history[-1]

    async def local_work(self) -> LocalWork:
        """Return what was edited by hand."""
        self.looks += 1
        changed = tuple(sorted(self.edited))
        return LocalWork(
            followed="main", standing="main", changed=changed, ahead=int(self.diverged)
        )

    async def branches(self, files: Collection[str], since: datetime) -> tuple[Branch, ...]:
        """Return what a test put into `worked_on`: branches and the files each changes."""
        found = (
            Branch(name=name, files=tuple(file for file in touched if file in files))
            for name, touched in self.worked_on.items()
        )
        return tuple(branch for branch in found if branch.files)
