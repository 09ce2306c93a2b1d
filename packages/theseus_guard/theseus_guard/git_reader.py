"""Reads any git repository, without writing, fetching or running a program that it names."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol, Self

from theseus_guard.errors import RepositoryError, UnknownRevision
from theseus_guard.git_settings import (
    CONFIG,
    DRIVERS,
    ENVIRONMENT,
    FOREIGN,
    PLAIN_DIFF,
    as_environment,
    disable_drivers,
    explain_missing_object,
    explain_owner,
    list_trusted_folders,
)

NO_GIT = "git was not found; install git 2.32 or newer and put it on PATH"


class GitAnswer(NamedTuple):
    """The result of one git command."""

    status: int
    out: bytes
    err: str

    @property
    def line(self) -> str:
        """The output as one stripped text."""
        return self.out.decode(errors="replace").strip()


class GitRunner(Protocol):
    """Anything that runs git in one repository."""

    def run(self, *arguments: str, ok: Collection[int] | None = (0,)) -> GitAnswer:
        """Run `git <arguments>`; raises if the exit status is not in `ok` (`None` allows any)."""
        ...


class GitReader:
    """Implements `GitRunner` for commands that only read. Blocking."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._drivers: dict[str, str] | None = None

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Return the reader of a repository. Raises `RepositoryError`."""
        if not folder.is_dir():
            raise RepositoryError(f"--repo: {folder} is no folder.")
        git = cls(folder)
        if git.run("rev-parse", "--git-dir", ok=None).status != 0:
            raise RepositoryError(f"--repo: {folder} is not in a git repository.")
        return git

    def run(
        self,
        *arguments: str,
        ok: Collection[int] | None = (0,),
        env: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> GitAnswer:
        """Run `git <arguments>`. Raises `RepositoryError`, also if it takes too long."""
        if self._drivers is None:
            names = ("config", "--null", "--name-only", "--get-regexp", DRIVERS)
            self._drivers = disable_drivers(self._execute(names, CONFIG, {}, seconds).out)
        answer = self._execute(arguments, {**CONFIG, **self._drivers}, env or {}, seconds)
        if message := explain_owner(self.folder, answer.status, answer.err):
            raise RepositoryError(message, detail=answer.err)
        if ok is not None and answer.status not in ok:
            message = explain_missing_object(self.folder, answer.err) or (
                f"git {arguments[0]} failed in {self.folder} (status {answer.status})"
            )
            raise RepositoryError(message, detail=answer.err)
        return answer

    def _execute(
        self,
        arguments: tuple[str, ...],
        config: Mapping[str, str],
        env: Mapping[str, str],
        seconds: float | None,
    ) -> GitAnswer:
        own = {key: value for key, value in os.environ.items() if key not in FOREIGN}
        settings = as_environment(config, list_trusted_folders())
        try:
            with subprocess.Popen(
                ["git", *arguments],
                cwd=self.folder,
                env={**own, "LANGUAGE": "C", "LC_ALL": "C", **ENVIRONMENT, **settings, **env},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                # A Ctrl-C at the terminal is for us, not for git.
                start_new_session=True,
            ) as process:
                try:
                    out, err = process.communicate(timeout=seconds)
                except subprocess.TimeoutExpired:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    raise
        except subprocess.TimeoutExpired:
            raise RepositoryError(
                f"git {arguments[0]} took longer than {seconds:g} s in {self.folder}"
            ) from None
        except FileNotFoundError as missing:
            raise RepositoryError(NO_GIT, detail=str(missing)) from missing
        except OSError as error:  # no process, descriptor or memory is left
            raise RepositoryError(describe_exhaustion(error), detail=str(error)) from error
        return GitAnswer(process.returncode, out, err.decode(errors="replace"))


def describe_exhaustion(error: OSError) -> str:
    """Return why git could not be started, and the way out."""
    return (
        f"git cannot be started now ({error.strerror}): the machine has too few processes, open"
        " files, memory or disk space left. Free some, and try again"
    )


def look_up_tree(git: GitReader, option: str, revision: str) -> str:
    """Return the full id of a revision's tree. An option of git's is no revision.

    Raises `UnknownRevision` with the command line's `option` that named it.
    """
    found = find_object(git, revision, "tree")
    if found is None:
        raise UnknownRevision(describe_unknown_revision(git.folder, option, revision))
    return found


def find_object(git: GitRunner, revision: str, kind: str) -> str | None:
    """Return the full id of a revision's `commit` or `tree`; `None` if there is none."""
    plain = revision.isprintable() and not revision.startswith("-") and ".." not in revision
    if not plain or not revision:
        return None
    answer = git.run("rev-parse", "--verify", "-q", f"{revision}^{{{kind}}}", ok=None)
    return answer.line if answer.status == 0 else None


def describe_unknown_revision(folder: Path, option: str, revision: str) -> str:
    """Return that the repository has no such revision, as a sentence."""
    return (
        f"{option}: there is no revision {revision[:80]!r} in {folder}. In a shallow clone "
        "it may have to be fetched first."
    )


def read_text(git: GitRunner, commit: str, file: str) -> str | None:
    """Return a file's text in a commit; `None` if it is not there or not text."""
    if file.startswith(("./", "../", "/")):
        return None
    answer = git.run("cat-file", "blob", f"{commit}:{file}", ok=None)
    return as_text(answer.out) if answer.status == 0 else None


def as_text(content: bytes) -> str | None:
    """Return content as text, newlines untouched; `None` if it is not UTF-8 text."""
    if b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def read_diff(git: GitRunner, *what: str) -> str:
    """Return a unified diff as text."""
    return git.run("diff", *PLAIN_DIFF, "-U3", "-M", *what).out.decode(errors="replace")
