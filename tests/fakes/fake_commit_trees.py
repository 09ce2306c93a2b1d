"""Commits as folders, from files in memory."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.errors import WorkspaceError
from bot.domain.evidence import Commit, Suspect
from tests.fakes.differences import Files, compute_sha, decode_text, write_files


class FakeCommitTrees:
    """Implements `bot.ports.trees.CommitTrees` over snapshots, which map commits to files.

    `parents` maps a commit to its parent.
    """

    def __init__(
        self, snapshots: Mapping[str, Files], parents: Mapping[str, str] | None = None
    ) -> None:
        self._snapshots = snapshots
        self.parents = dict(parents or {})

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return the text of a file in a snapshot."""
        return decode_text(self._snapshots.get(commit, {}).get(file))

    async def get_tree_id(self, commit: str) -> str:
        """Return one id for the files of a snapshot."""
        self._check(commit)
        return compute_sha(self._snapshots[commit])

    async def list_commits(self, newest: str, *, limit: int) -> tuple[Commit, ...]:
        """Return the commit and its ancestors."""
        self._check(newest)
        found = [newest]
        while found[-1] in self.parents and len(found) < limit:
            found.append(self.parents[found[-1]])
        return tuple(_make_commit(each) for each in reversed(found))

    async def get_change(self, commit: str) -> Suspect:
        """Return which files differ from the commit before; there is no diff."""
        self._check(commit)
        if commit not in self.parents:
            raise WorkspaceError(f"commit {commit} is the first")
        old, new = self._snapshots[self.parents[commit]], self._snapshots[commit]
        touched = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
        why = "since it, the answer is another one"
        described = _make_commit(commit)
        return Suspect(commit=described, reason=why, diff="", touched=tuple(touched), score=1.0)

    def _check(self, commit: str) -> None:
        if commit not in self._snapshots:
            raise WorkspaceError(f"commit {commit} is not known")

    @asynccontextmanager
    async def open_tree(self, commit: str) -> AsyncIterator[Path]:
        """Write the snapshot into a new folder."""
        self._check(commit)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "tree"
            write_files(folder, self._snapshots[commit])
            yield folder


def _make_commit(sha: str) -> Commit:
    at = datetime.fromtimestamp(0, UTC)
    return Commit(sha=sha, author="somebody", at=at, summary=f"Change {sha[:4]}")
