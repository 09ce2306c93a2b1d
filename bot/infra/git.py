"""Shared git plumbing on GitPython: one hardened way to run git, off the event loop.

A repository's own configuration, attributes and hooks can name programs to run. None of them is
run from here: hooks and the file-system monitor are off, every filter and merge driver found in
the configuration is emptied, and the user's and system's configuration is not read. Git fetches
the missing objects of a partial clone by itself, over any protocol and by programs that the
configuration names; so no protocol is allowed unless the caller asks for a remote.
"""

import contextlib
import os
import re
import shlex
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

# Without this, importing GitPython raises if git is missing, before a clear error can be shown.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import git
from git.exc import GitCommandNotFound
from theseus_guard.git_reader import NO_GIT, GitAnswer, describe_exhaustion
from theseus_guard.git_settings import (
    CONFIG,
    DRIVERS,
    ENVIRONMENT,
    FOREIGN,
    PROTOCOLS,
    Private,
    as_environment,
    disable_drivers,
    explain_missing_object,
    explain_owner,
    list_trusted_folders,
)

from bot.domain.errors import PortError, WorkspaceError

_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REVISION = re.compile(r"[0-9A-Za-z_][\w./@{}^~-]*")


class Git:
    """Runs git in one folder. Blocking: call it through `run_in_thread`.

    Failures raise `error` with git's message as `detail`. A folder of another account is refused,
    unless `is_ours` is set for a part of the bot's own state.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        error: type[PortError] = WorkspaceError,
        is_ours: bool = False,
    ) -> None:
        self.folder = folder
        self._options = options
        self._error = error
        self._is_ours = is_ours
        self._git = git.Git(str(folder))
        self._disarm: dict[str, str] | None = None

    def open_sibling(self, folder: Path, *options: str) -> "Git":
        """Return git in another folder of the same repository, sparing a look at its settings."""
        other = Git(folder, *options, error=self._error, is_ours=self._is_ours)
        other._disarm = self._get_driver_settings()
        return other

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        ok: Collection[int] | None = (0,),
        env: Mapping[str, str] | None = None,
        config: Mapping[str, str] | None = None,
        seconds: float | None = None,
        remote: bool = False,
    ) -> GitAnswer:
        """Run `git <arguments>`; raises if the exit status is not in `ok` (`None` allows any).

        Only with `remote` may git reach another repository, by file, HTTP or ssh. `config` is
        additional configuration, which is passed through the environment. It may contain secrets
        only if git reads no other configuration (see `git_remote`).
        """
        if not self.folder.is_dir():
            raise self._error(f"the folder {self.folder} is not there")
        config = Private({**CONFIG, **self._get_driver_settings(), **(config or {})})
        if remote:
            env = {**(env or {}), "GIT_ALLOW_PROTOCOL": PROTOCOLS}
        answer = self._execute(arguments, config, stdin=stdin, env=env, seconds=seconds)
        if message := explain_owner(self.folder, answer.status, answer.err):
            raise self._error(message, detail=answer.err)
        if ok is not None and answer.status not in ok:
            if message := explain_missing_object(self.folder, answer.err):
                raise self._error(message, detail=answer.err)
            verb = next((word for word in arguments if not word.startswith("-")), "")
            raise self._error(
                f"git {verb} failed in {self.folder} (status {answer.status})", detail=answer.err
            )
        return answer

    def build_error(self, message: str, detail: str) -> PortError:
        """Return an error of this git's kind, to be raised."""
        return self._error(message, detail=detail)

    def resolve_revision(self, name: str) -> str:
        """Return the full id of the commit that `name` refers to."""
        found = self.find_revision(name)
        if found is None:
            raise self._error(f"there is no commit {name[:80]!r} in {self.folder}")
        return found

    def find_revision(self, name: str) -> str | None:
        """Return the full id of a commit, or `None` if there is no such one."""
        if not _REVISION.fullmatch(name) or ".." in name:
            return None
        answer = self.run("rev-parse", "--verify", "-q", f"{name}^{{commit}}", ok=None)
        return answer.line if answer.status == 0 else None

    def ensure_full_id(self, name: str) -> str:
        """Return `name` if it is a full id, sparing the look; else what `revision` says."""
        return name if _FULL_ID.fullmatch(name) else self.resolve_revision(name)

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether `newer` contains `older`; `False` if a commit is unknown."""
        return self.run("merge-base", "--is-ancestor", older, newer, ok=None).status == 0

    def build_upload_pack(self, source: str) -> str:
        """Return the command that serves a fetch from `source`, a remote or an absolute path.

        For a path, the trusted folders are repeated in the command, because git does not pass
        settings on to a program that reads another repository.
        """
        if not source.startswith("/"):
            return "git-upload-pack"
        trusted = (f"-c safe.directory={shlex.quote(each)} " for each in self._list_trusted())
        return f"git {''.join(trusted)}upload-pack"

    def _list_trusted(self) -> tuple[str, ...]:
        return ("*",) if self._is_ours else list_trusted_folders()

    def _get_driver_settings(self) -> dict[str, str]:
        """Return the settings that disarm what this repository's configuration would run."""
        if self._disarm is None:
            names = ("config", "--null", "--name-only", "--get-regexp", DRIVERS)
            listed = self._execute(names, CONFIG).out
            self._disarm = disable_drivers(listed)
        return self._disarm

    def _execute(
        self,
        arguments: tuple[str, ...],
        config: Mapping[str, str],
        *,
        stdin: bytes | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> GitAnswer:
        foreign = [name for name in FOREIGN if name in os.environ]
        clean = ["env", *(word for name in foreign for word in ("-u", name))] if foreign else []
        command = [*clean, "git", *self._options, *arguments]
        variables = {
            **ENVIRONMENT,
            **as_environment(config, self._list_trusted()),
            **(env or {}),
        }
        try:
            with contextlib.ExitStack() as stack:
                source = None
                if stdin is not None:
                    source = stack.enter_context(tempfile.TemporaryFile())
                    source.write(stdin)
                    source.seek(0)
                status, out, err = self._git.execute(
                    command,
                    istream=source,
                    with_extended_output=True,
                    with_exceptions=False,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                    kill_after_timeout=seconds,
                    env=variables,
                    # A Ctrl-C at the terminal is for us, not for a git half way through.
                    start_new_session=True,
                )
        except GitCommandNotFound as missing:
            raise self._error(NO_GIT, detail=str(missing)) from missing
        except OSError as error:  # no process, descriptor, memory or disk space is left
            raise self._error(describe_exhaustion(error), detail=str(error)) from error
        return GitAnswer(status, out if isinstance(out, bytes) else b"", str(err))
