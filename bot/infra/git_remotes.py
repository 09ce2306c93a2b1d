"""Where the checkout's remote leads, read from its address."""

import re
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field
from theseus_guard.completion import run_in_thread
from theseus_guard.record import Record

from bot.domain.errors import WorkspaceError
from bot.infra.git import Git
from bot.infra.git_fetch import describe_missing_branch

_SECONDS = 30.0
_SCP = re.compile(r"(?:[^@/:]+@)?(?P<host>[^/:@]{2,}):(?P<path>.+)")
_PATH = re.compile(r"/*(?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/*")
_SSH_OVER_443 = "ssh.github.com"


class RemoteAddress(NamedTuple):
    """The host (lower case, with a port only for http(s)) and repository of a remote's URL."""

    host: str
    repository: str


class Remote(Record):
    """A git remote: at a code host (`host`, `repository`), in a `folder` here, or neither.

    `url` may hold a password and is not shown.
    """

    url: str = Field(repr=False)
    host: str = ""
    repository: str | None = None
    folder: Path | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Read `https://…`, `ssh://…`, `git@host:owner/name`, a folder, or `file://…`."""
        hosted = parse_remote(url)
        if hosted is not None:
            return cls(url=url, host=hosted.host, repository=hosted.repository)
        if "://" in url:
            parts = urlsplit(url)
            if parts.scheme == "file":
                return cls(url=url, folder=Path(unquote(parts.path)))
            return cls(url=url, host=parts.hostname or "")
        return cls(url=url, folder=Path(url))

    @property
    def display_url(self) -> str:
        """Return it as people may see it."""
        return str(self.folder or "/".join(filter(None, (self.host, self.repository))))


def parse_remote(url: str) -> RemoteAddress | None:
    """Return the host and repository of a git remote's URL; `None` if it names no code host.

    Supports `https://host/owner/name.git`, `ssh://git@host:22/owner/name` and
    `git@host:owner/name`.
    """
    if "://" in url:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None
        host, path = parts.hostname or "", parts.path
        if parts.scheme in ("http", "https") and port is not None:
            host = f"{host}:{port}"
        if parts.scheme not in ("http", "https", "ssh", "git", "git+ssh"):
            return None
    elif scp := _SCP.fullmatch(url):
        host, path = scp["host"], scp["path"]
    else:
        return None
    repository = _PATH.fullmatch(path)
    if not host or repository is None or ".." in (repository["owner"], repository["name"]):
        return None
    host = "github.com" if host.lower() == _SSH_OVER_443 else host.lower()
    return RemoteAddress(host, f"{repository['owner']}/{repository['name']}")


async def find_remote(root: Path, name: str) -> Remote | None:
    """Return the remote of that name, `None` where there is none or no repository."""
    try:
        answer = await run_in_thread(Git(root).run, "remote", "get-url", "--", name, ok=None)
    except WorkspaceError:
        return None
    return Remote.parse(answer.line) if answer.status == 0 and answer.line else None


async def list_remotes(root: Path) -> tuple[str, ...]:
    """Return the names of all remotes."""
    try:
        answer = await run_in_thread(Git(root).run, "remote", ok=None)
    except WorkspaceError:
        return ()
    return tuple(answer.line.split()) if answer.status == 0 else ()


async def add_remote(root: Path, name: str, folder: Path) -> None:
    """Name a folder as a remote. Raises `WorkspaceError`."""
    await run_in_thread(Git(root).run, "remote", "add", "--", name, str(folder))


async def get_current_branch(root: Path) -> str | None:
    """Return the branch the checkout is on, `None` where it is on none."""
    try:
        answer = await run_in_thread(
            Git(root).run, "symbolic-ref", "-q", "--short", "HEAD", ok=None
        )
    except WorkspaceError:
        return None
    return answer.line or None


async def reach(root: Path, remote: str, branch: str) -> None:
    """Check that the branch can be fetched. Raises `WorkspaceError` with git's message if not."""
    answer = await run_in_thread(
        Git(root).run,
        "ls-remote", "--exit-code", "--upload-pack=git-upload-pack", "--",
        remote, f"refs/heads/{branch}",
        ok=None, seconds=_SECONDS, remote=True,
    )  # fmt: skip
    if answer.status == 2:
        why = await run_in_thread(describe_missing_branch, Git(root), remote, branch)
        raise WorkspaceError(why)
    if answer.status != 0:
        message_lines = answer.err.strip().splitlines()
        last = (
            re.sub(r"//[^/@\s]*@", "//", message_lines[-1])
            if message_lines
            else f"status {answer.status}"
        )
        raise WorkspaceError(f"cannot fetch from {remote}: {last}")
