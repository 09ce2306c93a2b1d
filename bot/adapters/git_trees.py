"""Checks out commits of a repository as plain files, without a `.git` folder."""

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
    """A repository whose commits can be exported to folders. It is never changed, nor is it run."""

    def __init__(self, git: Git) -> None:
        self._git = git

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the repository that contains `folder`. Raises `ConfigError`."""
        git = open_repository(folder)
        top = git.run("rev-parse", "--show-toplevel", ok=None)
        if top.status != 0:
            raise ConfigError(
                f"--repo: {folder} has no checked-out files; use a clone with a work tree."
            )
        return cls(git.open_sibling(Path(top.line)))

    @property
    def folder(self) -> Path:
        """The folder of the repository's checkout."""
        return self._git.folder

    def commit(self, option: str, revision: str) -> str:
        """Return a commit's full id.

        Raises `ConfigError` that names the command line's `option`.
        """
        return look_up(self._git, option, revision, "commit")

    def list_commits_since(self, revision: str, newest: str) -> tuple[str, ...]:
        """Return the commits from `revision` (the `--since` option) to `newest`, oldest first.

        Only first parents are followed. Raises `ConfigError` if `newest` does not descend from
        `revision`.
        """
        oldest = self.commit("--since", revision)
        if self._git.run("merge-base", "--is-ancestor", oldest, newest, ok=None).status != 0:
            raise ConfigError(f"--since: {revision} is not an ancestor of {newest[:7]}.")
        between = self._git.run("rev-list", "--reverse", "--first-parent", f"{oldest}..{newest}")
        return (oldest, *between.line.split())

    def list_files(self, commit: str, folder: str) -> tuple[str, ...]:
        """Return the files below a folder in a commit (a full id)."""
        listed = self._git.run("ls-tree", "-r", "-z", "--name-only", commit, "--", f"{folder}/")
        return tuple(filter(None, listed.out.decode(errors="replace").split("\0")))

    def sort_by_history(self, one: str, other: str) -> list[str]:
        """Return two commits (full ids), ancestor first; unrelated commits keep their order."""
        newer = self._git.run("merge-base", "--is-ancestor", other, one, ok=None).status == 0
        return [other, one] if newer and one != other else [one, other]

    def get_subject(self, commit: str) -> str:
        """Return the first line of a commit's message."""
        return self._git.run("log", "-1", "--format=%s", commit).line

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
        with TemporaryDirectory(prefix="theseus-tree-", ignore_cleanup_errors=True) as scratch:
            folder = Path(scratch)
            await run_in_thread(export, self._git, commit, folder)
            yield folder
