"""Commits as folders, from files in memory."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.domain.errors import WorkspaceError
from tests.fakes.differences import Files, write_files


class FakeCommitTrees:
    """Implements `bot.ports.trees.CommitTrees` over snapshots: commits to their files."""

    def __init__(self, snapshots: Mapping[str, Files]) -> None:
        self._snapshots = snapshots

    @asynccontextmanager
    async def laid_out(self, commit: str) -> AsyncIterator[Path]:
        """Write the snapshot into a folder of its own."""
        if commit not in self._snapshots:
            raise WorkspaceError(f"commit {commit} is not known")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "tree"
            write_files(folder, self._snapshots[commit])
            yield folder
