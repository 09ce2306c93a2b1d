"""Writes commits of a repository as plain files, without a `.git` folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
from theseus_guard.completion import run_in_thread
from theseus_guard.git_output import parse_names
from theseus_guard.git_settings import PLAIN_DIFF

from bot.domain.evidence import Commit, Suspect
from bot.infra.git import Git
from bot.infra.git_merge import get_tree_id
from bot.infra.git_parse import COMMIT_FORMAT, parse_commits
from bot.infra.git_revisions import export
from bot.infra.seal import Seal

_log = structlog.get_logger()
_TESTS = "tests/"


class _Tree:
    """A commit's files in a temporary folder. Blocking, except for the properties."""

    def __init__(self, commit: str) -> None:
        self.commit = commit
        self._folder = self._create_folder()
        self._seal: Seal | None = None

    @property
    def path(self) -> Path:
        """Return the folder."""
        return Path(self._folder.name)

    @property
    def is_written(self) -> bool:
        """Return whether the files were written completely."""
        return self._seal is not None

    def write(self, git: Git) -> None:
        """Write the files, unless they are there as they were written before."""
        if self._seal is not None:
            if self._seal.is_intact(self.path):
                return
            _log.info("the files of %s were changed and are written again", self.commit[:12])
            self.remove()
            self._folder, self._seal = self._create_folder(), None
        export(git, self.commit, self.path)
        self._seal = Seal(self.path)

    def remove(self) -> None:
        """Remove the folder."""
        self._folder.cleanup()

    def _create_folder(self) -> TemporaryDirectory[str]:
        return TemporaryDirectory(prefix="theseus-tree-", ignore_cleanup_errors=True)


class GitTrees:
    """A repository whose commits can be exported to folders. It is never changed, nor is it run.

    Up to `spares` folders are stored for the next use of the same commit, until `close`. A folder
    has one user at a time. Changed files are noticed before the next use.
    """

    def __init__(self, git: Git, *, spares: int = 0) -> None:
        self._git = git
        self._limit = spares
        self._spares: list[_Tree] = []

    async def close(self) -> None:
        """Remove the stored folders, and store no others."""
        self._limit = 0
        while self._spares:
            await run_in_thread(self._spares.pop().remove)

    async def get_tree_id(self, commit: str) -> str:
        """Return git's id for the files of a commit."""
        return await run_in_thread(get_tree_id, self._git, commit)

    async def list_commits(self, newest: str, *, limit: int) -> tuple[Commit, ...]:
        """Return the last `limit` commits up to `newest`, oldest first; first parents only."""
        command = ("log", "-z", "--first-parent", f"-n{limit}", COMMIT_FORMAT, newest, "--")
        logged = await run_in_thread(self._git.run, *command)
        return parse_commits(logged.out)[::-1]

    async def get_change(self, commit: str) -> Suspect:
        """Return what a commit changed in Python files outside `tests/`."""
        return await run_in_thread(self._change, commit)

    def _change(self, commit: str) -> Suspect:
        revisions = (f"{commit}^1", commit)
        listed = self._git.run("diff", "--name-only", "--no-renames", "-z", *revisions, "--")
        touched = parse_names(listed.out)
        code = [file for file in touched if file.endswith(".py") and not file.startswith(_TESTS)]
        diff = self._git.run("diff", *PLAIN_DIFF, "-U3", *revisions, "--", *code) if code else None
        (described,) = parse_commits(
            self._git.run("log", "-z", "-1", COMMIT_FORMAT, commit, "--").out
        )
        return Suspect(
            commit=described,
            reason="since it, the answer is another one",
            diff=diff.out.decode(errors="replace") if diff else "",
            touched=touched,
            score=1.0,
        )

    @asynccontextmanager
    async def open_tree(self, commit: str) -> AsyncIterator[Path]:
        """Export all files of a commit to a temporary folder, for this caller until exit.

        Raises `WorkspaceError`.
        """
        tree = self._take_spare(commit) or _Tree(commit)
        try:
            await run_in_thread(tree.write, self._git)
            yield tree.path
        finally:
            await self._put_back(tree)

    async def _put_back(self, tree: _Tree) -> None:
        """Store a folder, and remove the one that was used longest ago if there are too many."""
        surplus: _Tree | None = tree
        if tree.is_written:
            self._spares.append(tree)
            surplus = None if len(self._spares) <= self._limit else self._spares.pop(0)
        if surplus is not None:
            await run_in_thread(surplus.remove)

    def _take_spare(self, commit: str) -> _Tree | None:
        for at, tree in enumerate(self._spares):
            if tree.commit == commit:
                return self._spares.pop(at)
        return None
