"""Bringing commits in from another repository, without running what either one names."""

import re
from collections.abc import Mapping
from pathlib import Path

from theseus_guard.git_reader import GitAnswer

from bot.infra.git import Git
from bot.infra.git_remote import Way, borrow_objects

FETCH_SECONDS = 120.0
AT_ONCE = 5  # fetches side by side, of which each but one may find that another has moved the ref
MOVED = "cannot lock ref"
_MISSING_REF = re.compile(r"couldn't find remote ref refs/heads/(\S+)")
_DEFAULT_BRANCH = re.compile(r"^ref: refs/heads/(\S+)\tHEAD$", re.MULTILINE)


def fetch(
    git: Git,
    source: str,
    *refspecs: str,
    config: Mapping[str, str] | None = None,
    prune: bool = False,
) -> None:
    """Fetch from a remote or an absolute path; tags, submodules and `FETCH_HEAD` stay as is.

    `prune` removes refs on our side of the refspecs that are gone on the other.
    """
    for _ in range(AT_ONCE):
        answer = _fetch(git, source, *refspecs, config=config, prune=prune)
        if MOVED not in answer.err:
            break
    missing = _MISSING_REF.search(answer.err)
    if answer.status != 0 and missing:
        raise git.build_error(
            describe_missing_branch(git, source, missing[1], config=config), answer.err
        )
    if answer.status != 0:
        raise git.build_error(
            f"cannot fetch from {source} into {git.folder}; check that it is there and can be "
            f"reached (git -C {git.folder} remote -v)",
            answer.err,
        )


def _fetch(
    git: Git, source: str, *refspecs: str, config: Mapping[str, str] | None, prune: bool
) -> GitAnswer:
    return git.run(
        "fetch",
        "-q",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        "--prune" if prune else "--no-prune",
        # Set explicitly, because the settings of a repository could name another program.
        f"--upload-pack={git.build_upload_pack(source)}",
        "--",
        source,
        *refspecs,
        config=config,
        seconds=FETCH_SECONDS,
        remote=True,
        ok=None,
    )


def describe_missing_branch(
    git: Git, source: str, branch: str, *, config: Mapping[str, str] | None = None
) -> str:
    """Return that a remote has no such branch, and by which name its default branch goes."""
    answer = git.run(
        "ls-remote", "--symref", "--upload-pack=git-upload-pack", "--", source, "HEAD",
        config=config, seconds=FETCH_SECONDS, remote=True, ok=None,
    )  # fmt: skip
    default = _DEFAULT_BRANCH.search(answer.out.decode(errors="replace"))
    shown = "the forge" if "://" in source else source
    if default is None or default[1] == branch:
        return f"the remote {shown} has no branch {branch}"
    return (
        f"the remote {shown} has no branch {branch}; its default branch is {default[1]}. If it was "
        f"renamed, set forge.branch: {default[1]} in the configuration and run "
        f"git -C {git.folder} switch {default[1]}"
    )


def fetch_branch(git: Git, remote: str, branch: str, way: Way | None = None) -> str:
    """Fetch one branch of a remote or an absolute path, and return its remote-tracking ref.

    `way` has the address and the credentials of the remote, if the forge knows them.
    """
    name = "theseus-forge" if Path(remote).is_absolute() else remote
    tracking = f"refs/remotes/{name}/{branch}"
    if way is None:
        fetch(git, remote, f"+refs/heads/{branch}:{tracking}")
        return tracking
    with borrow_objects(git) as scratch:
        known = git.find_revision(tracking)
        if known is not None:  # the forge then sends only the objects that are missing
            scratch.run("update-ref", "refs/theseus/known", known)
        fetch(scratch, way.url, f"+refs/heads/{branch}:refs/heads/{branch}", config=way.config)
        fetch(git, str(scratch.folder), f"+refs/heads/{branch}:{tracking}")
    return tracking


def fetch_all(git: Git, remote: str, into: str, way: Way | None = None) -> None:
    """Fetch every branch of a remote to refs below `into`, without those that are gone there."""
    if way is None:
        fetch(git, remote, f"+refs/heads/*:{into}/*", prune=True)
        return
    with borrow_objects(git) as scratch:
        fetch(scratch, way.url, "+refs/heads/*:refs/heads/*", config=way.config)
        fetch(git, str(scratch.folder), f"+refs/heads/*:{into}/*", prune=True)
