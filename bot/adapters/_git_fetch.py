"""Bringing commits in from another repository, without running what either one names."""

from bot.adapters._git import Git

FETCH_SECONDS = 120.0


def fetch(git: Git, source: str, *refspecs: str) -> None:
    """Fetch from a remote or an absolute path; tags, submodules and `FETCH_HEAD` stay as is."""
    answer = git.run(
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
        ok=None,
    )
    if answer.status != 0:
        raise git.failure(
            f"cannot fetch from {source} into {git.folder}; check that it is there and can be "
            f"reached (git -C {git.folder} remote -v)",
            answer.err,
        )


def fetch_branch(git: Git, remote: str, branch: str) -> str:
    """Fetch one branch of a remote; return the remote-tracking ref it is kept under."""
    tracking = f"refs/remotes/{remote}/{branch}"
    fetch(git, remote, f"+refs/heads/{branch}:{tracking}")
    return tracking
