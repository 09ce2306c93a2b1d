"""Runs programs without the token, and reads commits without checking them out."""

import base64
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from check_pull_request.settings import CheckError, Settings

SECONDS_PER_PROGRAM = 300


class Done(NamedTuple):
    """The result of a program."""

    status: int
    out: str
    error: str


def run_program(
    command: Sequence[str], folder: Path, seconds: float, extra: Mapping[str, str] | None = None
) -> Done:
    """Run a program with a small environment: no token, no inputs, nothing of the workflow."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "http_proxy", "https_proxy", "no_proxy")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    with subprocess.Popen(
        command, cwd=folder, env=environment | dict(extra or {}), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            out, error = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return Done(-1, "", f"took longer than {seconds:.0f} seconds")
    return Done(process.returncode, out.decode(errors="replace"), error.decode(errors="replace"))


class Clone:
    """The commits of the pull request and its base, as git objects without files."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self._settings = folder, settings
        self.base = self.merge_base = ""

    def fetch(self) -> None:
        """Fetch the base branch and the pull request. Raises `CheckError`."""
        wanted = self._settings
        self.run_git("init", "--quiet", "--template=")
        self.run_git(
            "fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
            f"{wanted.server}/{wanted.repository}",
            f"+refs/heads/{wanted.base_branch}:refs/theseus/base",
            f"+refs/pull/{wanted.number}/head:refs/theseus/head",
            extra=self._build_credentials(),
        )  # fmt: skip
        self.base = self.run_git("rev-parse", "--verify", "refs/theseus/base").strip()
        try:
            self.run_git("rev-parse", "--verify", f"{wanted.head}^{{commit}}")
        except CheckError:
            raise CheckError(
                f"the pull request does not contain {wanted.head[:12]} any more; the run of the "
                "newer push checks it"
            ) from None
        self.merge_base = self.run_git("merge-base", self.base, wanted.head).strip()

    def list_files(self, folder: str) -> list[str]:
        """Return the paths of the regular files below a folder of the base branch."""
        rows = self.run_git("ls-tree", "-r", "-z", "--full-tree", self.base, "--", f"{folder}/")
        found = (row.partition("\t") for row in rows.split("\0") if row.startswith("100"))
        return sorted(path for _, _, path in found if ".." not in PurePosixPath(path).parts)

    def read_file(self, path: str) -> str:
        """Return the text of a file of the base branch. Raises `CheckError`."""
        return self.run_git("cat-file", "blob", f"{self.base}:{path}")

    def run_git(self, *arguments: str, extra: Mapping[str, str] | None = None) -> str:
        """Run git without configuration from outside. Raises `CheckError`."""
        fixed = {
            "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "http:https", "GIT_LITERAL_PATHSPECS": "1", "LC_ALL": "C",
        }  # fmt: skip
        done = run_program(
            ["git", *arguments], self.folder, SECONDS_PER_PROGRAM, {**fixed, **(extra or {})}
        )
        if done.status != 0:
            detail = done.error.strip() or f"exit code {done.status}"
            raise CheckError(f"git {arguments[0]} failed: {detail}")
        return done.out

    def _build_credentials(self) -> dict[str, str]:
        """Return the token as a setting for the server, which no command line shows."""
        if not self._settings.token:
            return {}
        pair = base64.b64encode(f"x-access-token:{self._settings.token}".encode()).decode()
        return {
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{self._settings.server}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {pair}",
        }
