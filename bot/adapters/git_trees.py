"""Commits of a repository as plain files, without git beside them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from bot.domain.errors import ConfigError
from bot.domain.evidence import Commit, Suspect
from bot.infra.git import Git
from bot.infra.git_parse import COMMIT_FORMAT, parse_commits, parse_names
from bot.infra.git_revisions import export, look_up, open_repository
from bot.infra.git_settings import PLAIN_DIFF
from bot.infra.threads import run_in_thread

_TESTS = "tests/"


class GitTrees:
    """A repository whose commits can be laid out in folders. Nothing of it is changed or run."""

    def __init__(self, git: Git) -> None:
        self._git = git

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the repository a folder is in. Raises `ConfigError`."""
        git = open_repository(folder)
        top = git.run("rev-parse", "--show-toplevel", ok=None)
        if top.status != 0:
            raise ConfigError(f"--repo: {folder} has no files checked out; give a clone of it.")
        return cls(git.open_sibling(Path(top.line)))

    @property
    def folder(self) -> Path:
        """The repository's checkout."""
        return self._git.folder

    def commit(self, option: str, revision: str) -> str:
        """Return a commit's full id. Raises `ConfigError` with the option that named it."""
        return look_up(self._git, option, revision, "commit")

    def list_commits_since(self, revision: str, newest: str) -> tuple[str, ...]:
        """Return the commits from one named by `--since` to `newest`, oldest first.

        Of merges, what they were merged into. Raises `ConfigError` where one does not lead to the
        other.
        """
        oldest = self.commit("--since", revision)
        if self._git.run("merge-base", "--is-ancestor", oldest, newest, ok=None).status != 0:
            raise ConfigError(f"--since: {revision} does not lead to {newest[:7]}.")
        between = self._git.run("rev-list", "--reverse", "--first-parent", f"{oldest}..{newest}")
        return (oldest, *between.line.split())

    def list_files(self, commit: str, folder: str) -> tuple[str, ...]:
        """Return the files of a commit, given by its full id, that lie below a folder."""
        listed = self._git.run("ls-tree", "-r", "-z", "--name-only", commit, "--", f"{folder}/")
        return tuple(filter(None, listed.out.decode(errors="replace").split("\0")))

    def sort_by_history(self, one: str, other: str) -> list[str]:
        """Return two commits, by their full ids, in the order of history; as given without one."""
        newer = self._git.run("merge-base", "--is-ancestor", other, one, ok=None).status == 0
        return [other, one] if newer and one != other else [one, other]

    def get_subject(self, commit: str) -> str:
        """Return the first line of a commit's message."""
        return self._git.run("log", "-1", "--format=%s", commit).line

    async def list_commits(self, newest: str, *, limit: int) -> tuple[Commit, ...]:
        """Return a commit and those it stands on, oldest first."""
        asked = ("log", "-z", "--first-parent", f"-n{limit}", COMMIT_FORMAT, newest, "--")
        logged = await run_in_thread(self._git.run, *asked)
        return parse_commits(logged.out)[::-1]

    async def get_change(self, commit: str) -> Suspect:
        """Return what a commit changed of Python files that are no tests."""
        return await run_in_thread(self._change, commit)

    def _change(self, commit: str) -> Suspect:
        both = (f"{commit}^1", commit)
        listed = self._git.run("diff", "--name-only", "--no-renames", "-z", *both, "--")
        touched = parse_names(listed.out)
        code = [file for file in touched if file.endswith(".py") and not file.startswith(_TESTS)]
        shown = self._git.run("diff", *PLAIN_DIFF, "-U3", *both, "--", *code) if code else None
        (described,) = parse_commits(
            self._git.run("log", "-z", "-1", COMMIT_FORMAT, commit, "--").out
        )
        return Suspect(
            commit=described,
            reason="since it, the answer is another one",
            diff=shown.out.decode(errors="replace") if shown else "",
            touched=touched,
            score=1.0,
        )

    @asynccontextmanager
    async def open_tree(self, commit: str) -> AsyncIterator[Path]:
        """Lend a folder with every file of a commit; it is removed afterwards.

        Raises `WorkspaceError`.
        """
        with TemporaryDirectory(prefix="theseus-tree-", ignore_cleanup_errors=True) as scratch:
            folder = Path(scratch)
            await run_in_thread(export, self._git, commit, folder)
            yield folder
