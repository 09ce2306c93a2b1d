"""The trees port: a repository's commits as plain files, to be read or played."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from bot.domain.evidence import Commit, Suspect


class CommitTrees(Protocol):
    """Lays out commits. The repository, its checkout and worktrees stay as they are."""

    def open_tree(self, commit: str) -> AbstractAsyncContextManager[Path]:
        """Lend a folder of its own with every file of a commit, given by its full id.

        Nothing of git is in it; it is removed on exit. Raises `WorkspaceError` where the commit is
        not known here.
        """
        ...

    async def list_commits(self, newest: str, *, limit: int) -> tuple[Commit, ...]:
        """Return a commit and those before it, oldest first, at most `limit`.

        Of merges, what they were merged into: each is what somebody ran at some time. Raises
        `WorkspaceError` where the commit is not known here.
        """
        ...

    async def get_change(self, commit: str) -> Suspect:
        """Return what a commit of the line changed of the code, as a suspect; tests left out.

        Of a merge, that is all it brought. Raises `WorkspaceError` for the first of all commits,
        and one that is not known here.
        """
        ...
