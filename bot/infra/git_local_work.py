"""Reads the local work in a checkout: its branch, uncommitted changes, and unpushed commits."""

from collections.abc import Collection
from datetime import datetime

from theseus_guard.git_output import name_of, parse_names

from bot.domain.local_work import Branch, LocalWork
from bot.infra.git import Git
from bot.infra.git_fetch import fetch_all
from bot.infra.git_remote import Way

_MOST_FILES = 50
_MOST_BRANCHES = 50
_OWN = "theseus/"
_FETCHED = "refs/theseus/branches"


def get_local_work(git: Git, remote: str, followed: str) -> LocalWork:
    """Return what differs from the forge's branch in the folder and its commits."""
    tracking = f"refs/remotes/{remote}/{followed}"
    ahead = git.run("rev-list", "--count", f"{tracking}..HEAD", "--", ok=None)
    return LocalWork(
        followed=followed,
        branch=git.run("symbolic-ref", "-q", "--short", "HEAD", ok=None).line,
        changed=_list_changed_files(git),
        # A failure means that the remote was never fetched, so the number is unknown.
        commits_ahead=int(ahead.line) if ahead.status == 0 else 0,
    )


def _list_changed_files(git: Git) -> tuple[str, ...]:
    """Return tracked files that differ from the head, and new Python files."""
    out = git.run("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames").out
    found = []
    for entry in out.split(b"\0"):
        status, name = entry[:2], name_of(entry[3:])
        if name and (status != b"??" or name.endswith(".py")):
            found.append(name)
    return tuple(sorted(found)[:_MOST_FILES])


def fetch_branches(git: Git, remote: str, way: Way | None) -> None:
    """Fetch every branch of the forge, out of the way of people's own tracking branches."""
    fetch_all(git, remote, _FETCHED, way)


def list_branches(
    git: Git, remote: str, followed: str, files: Collection[str], since: datetime
) -> tuple[Branch, ...]:
    """Return the branches, newest first, that change any of `files` and are not merged yet.

    The bot's own (`theseus/...`) and those without a commit after `since` are left out.
    """
    found: dict[str, Branch] = {}
    for ref, name in _list_unmerged(git, remote, since):
        if name in found or name == followed or name.startswith(_OWN):
            continue
        diff = git.run("diff", "-z", "--name-only", "--no-renames", f"HEAD...{ref}", "--", ok=None)
        touched = tuple(file for file in parse_names(diff.out) if file in files)
        if diff.status == 0 and touched:
            found[name] = Branch(name=name, files=touched)
    return tuple(found.values())


def _list_unmerged(git: Git, remote: str, since: datetime) -> list[tuple[str, str]]:
    """Return (ref, branch name) of what the head does not contain, newest first."""
    places = ("refs/heads", f"refs/remotes/{remote}", _FETCHED)
    listed = git.run(
        "for-each-ref", "--sort=-committerdate", "--no-merged=HEAD", f"--count={_MOST_BRANCHES}",
        "--format=%(committerdate:unix) %(refname)", *(f"{place}/" for place in places),
    )  # fmt: skip
    found = []
    for line in listed.out.decode(errors="replace").splitlines():
        seconds, _, ref = line.partition(" ")
        if seconds.isdecimal() and int(seconds) >= since.timestamp():
            place = next(place for place in places if ref.startswith(f"{place}/"))
            found.append((ref, ref.removeprefix(f"{place}/")))
    return found
