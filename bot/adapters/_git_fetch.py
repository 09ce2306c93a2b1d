"""Bringing commits in from another repository, without running what either one names."""

from bot.adapters._git import Git

FETCH_SECONDS = 120.0


def fetch(git: Git, source: str, *refspecs: str) -> None:
    """Fetch from a remote or an absolute path; tags, submodules and `FETCH_HEAD` stay as is."""
    git.run(
        "fetch",
        "-q",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        # A repository's settings may name a program of its own here.
        "--upload-pack=git-upload-pack",
        "--",
        source,
        *refspecs,
        seconds=FETCH_SECONDS,
    )


def fetch_branch(git: Git, remote: str, branch: str) -> str:
    """Fetch one branch of a remote; return the remote-tracking ref it is kept under."""
    tracking = f"refs/remotes/{remote}/{branch}"
    fetch(git, remote, f"+refs/heads/{branch}:{tracking}")
    return tracking
