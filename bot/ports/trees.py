"""The trees port: a repository's commits as plain files, to read or run."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from bot.domain.evidence import Commit, Suspect


class CommitTrees(Protocol):
    """Extracts commits. The repository, its checkout and worktrees are not changed."""

    def open_tree(self, commit: str) -> AbstractAsyncContextManager[Path]:
        """Open a folder with all files of a commit, given by its full id.

        The folder has no git metadata and is removed after exit. Other users of the commit may
        read it too, so it must not be changed. Raises `WorkspaceError` if the commit is unknown.
        """
        ...

    async def read_at(self, commit: str, file: str) -> str | None:
        """Return a file's text in a commit; `None` if either is not there, or it is no text."""
        ...

    async def get_tree_id(self, commit: str) -> str:
        """Return an id for the files of a commit; commits with the same files have the same id.

        Raises `WorkspaceError` if the commit is unknown.
        """
        ...

    async def list_commits(self, newest: str, *, limit: int) -> tuple[Commit, ...]:
        """Return a commit and those before it, oldest first, at most `limit`.

        Only first parents are followed, so each commit is one that was run at some time. Raises
        `WorkspaceError` if the commit is unknown.
        """
        ...

    async def get_change(self, commit: str) -> Suspect:
        """Return a commit's change of the code as a suspect, without tests.

        For a merge this is all that it merged. Raises `WorkspaceError` for the root commit and for
        an unknown commit.
        """
        ...
