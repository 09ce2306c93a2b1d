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
import subprocess
import tempfile
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

# Without this, importing GitPython raises if git is missing, before a clear error can be shown.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")

import git
from git.exc import GitCommandNotFound

from bot.domain.errors import PortError, WorkspaceError
from bot.infra.git_settings import CONFIG, DISARMED, DRIVERS, ENVIRONMENT, FOREIGN, PROTOCOLS

_FATAL, _FOREIGN_OWNER, _MISSING_OBJECT = 128, "dubious ownership", "promisor remote"
_TRUST_COMMAND = "git config --global --add safe.directory "
_TRUSTING = re.compile(rf"{_TRUST_COMMAND}.+")
_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REVISION = re.compile(r"[0-9A-Za-z_][\w./@{}^~-]*")


class Private(dict[str, str]):
    """Configuration or headers that hold a secret: they are not shown."""

    def __repr__(self) -> str:
        return f"<{len(self)} private values>"


class GitAnswer(NamedTuple):
    """What one git command said."""

    status: int
    out: bytes
    err: str

    @property
    def line(self) -> str:
        """The output as one stripped text."""
        return self.out.decode(errors="replace").strip()


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
        if answer.status == _FATAL and _FOREIGN_OWNER in answer.err:
            raise self._error(self._explain_owner(answer.err), detail=answer.err)
        if ok is not None and answer.status not in ok:
            if _MISSING_OBJECT in answer.err:
                raise self._error(
                    f"{self.folder} is a partial clone and lacks an object that is needed; reading "
                    f"fetches nothing. Fetch all: git -C {self.folder} fetch --refetch --no-filter",
                    detail=answer.err,
                )
            verb = next((word for word in arguments if not word.startswith("-")), "")
            raise self._error(
                f"git {verb} failed in {self.folder} (status {answer.status})", detail=answer.err
            )
        return answer

    def _explain_owner(self, message: str) -> str:
        """Return what to do about a folder of another account; git names the one it refuses."""
        named = _TRUSTING.search(message)
        command = named[0] if named else _TRUST_COMMAND + str(self.folder.resolve())
        return (
            f"{self.folder} belongs to another account, so git reads nothing there; if you trust "
            f"it: {command}"
        )

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
        return ("*",) if self._is_ours else _list_trusted_folders()

    def _get_driver_settings(self) -> dict[str, str]:
        """Return the settings that disarm what this repository's configuration would run."""
        if self._disarm is None:
            names = ("config", "--null", "--name-only", "--get-regexp", DRIVERS)
            listed = self._execute(names, CONFIG).out.decode(errors="surrogateescape")
            self._disarm = {
                key: DISARMED[key.rsplit(".", 1)[1].lower()] for key in listed.split("\0") if key
            }
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
        with contextlib.ExitStack() as stack:
            source = None
            if stdin is not None:
                source = stack.enter_context(tempfile.TemporaryFile())
                source.write(stdin)
                source.seek(0)
            try:
                answer = self._git.execute(
                    command,
                    istream=source,
                    with_extended_output=True,
                    with_exceptions=False,
                    stdout_as_string=False,
                    strip_newline_in_stdout=False,
                    kill_after_timeout=seconds,
                    env={
                        **ENVIRONMENT,
                        **_as_environment(config, self._list_trusted()),
                        **(env or {}),
                    },
                    # A Ctrl-C at the terminal is for us, not for a git half way through.
                    start_new_session=True,
                )
            except GitCommandNotFound as missing:
                raise self._error(
                    "git was not found; install git 2.32 or newer and put it on PATH",
                    detail=str(missing),
                ) from missing
        status, out, err = answer
        return GitAnswer(status, out if isinstance(out, bytes) else b"", str(err))


@cache
def _list_trusted_folders() -> tuple[str, ...]:
    """Return the folders of other accounts that this account trusts, by its own configuration."""
    argv = ["git", "config", "--null", "--get-all", "safe.directory"]
    try:
        listed = subprocess.run(argv, cwd="/", capture_output=True, check=False).stdout
    except OSError:
        return ()  # the command itself reports that git is missing
    return tuple(each.decode(errors="surrogateescape") for each in listed.split(b"\0") if each)


def _as_environment(config: Mapping[str, str], trusted: Iterable[str]) -> Private:
    """Return the environment variables for `-c key=value`; a key may contain any character."""
    values = [*config.items(), *(("safe.directory", each) for each in trusted)]
    pairs = Private({"GIT_CONFIG_COUNT": str(len(values))})
    for number, (key, value) in enumerate(values):
        pairs[f"GIT_CONFIG_KEY_{number}"] = key
        pairs[f"GIT_CONFIG_VALUE_{number}"] = value
    return pairs
