"""Checks out commits of a repository as plain files, without a `.git` folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from theseus_guard.completion import run_in_thread
from theseus_guard.git_output import parse_names
from theseus_guard.git_settings import PLAIN_DIFF
from theseus_rehearsal.temporary_folder import open_temporary_folder

from bot.domain.evidence import Commit, Suspect
from bot.infra.git import Git
from bot.infra.git_merge import get_tree_id
from bot.infra.git_parse import COMMIT_FORMAT, parse_commits
from bot.infra.git_revisions import export

_TESTS = "tests/"


class GitTrees:
    """A repository whose commits can be exported to folders. It is never changed, nor is it run."""

    def __init__(self, git: Git) -> None:
        self._git = git

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
        """Export all files of a commit to a temporary folder, which is removed on exit.

        Raises `WorkspaceError`.
        """
        async with open_temporary_folder("theseus-tree-") as folder:
            await run_in_thread(export, self._git, commit, folder)
            yield folder
