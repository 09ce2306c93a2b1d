"""Reading git's machine formats: NUL-separated, so any file name is just a name."""

import os
from datetime import UTC, datetime
from pathlib import Path

from theseus_guard.git_output import name_of

from bot.domain.evidence import Commit

COMMIT_FORMAT = "--format=tformat:%H%n%an%n%ct%n%s"

_GITLINK = b"160000"


def parse_commits(out: bytes) -> tuple[Commit, ...]:
    """Return the commits of `log -z` with `COMMIT_FORMAT`, in git's order."""
    found = []
    for entry in out.decode(errors="replace").split("\0"):
        if entry:
            sha, author, seconds, summary = (entry.split("\n", 3) + [""] * 3)[:4]
            summary = summary.rstrip("\n")
            found.append(Commit(sha=sha, author=author, at=_parse_time(seconds), summary=summary))
    return tuple(found)


def _parse_time(seconds: str) -> datetime:
    """Return a commit's time; one that no calendar holds (they can be forged) is the first."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def parse_renames(listing: bytes) -> dict[str, str]:
    """Return the old path of each renamed file, of a `diff -z -M --raw` listing."""
    fields, found = iter(listing.split(b"\0")), {}
    for field in fields:
        if not field.startswith(b":"):
            continue
        path = name_of(next(fields))
        if field.rsplit(b" ", 1)[1][:1] == b"R":
            found[name_of(next(fields))] = path
    return found


def parse_gitlinks(listing: bytes) -> tuple[str, ...]:
    """Return the paths of other repositories in the listing of `ls-files --stage -z`."""
    entries = (entry.split(b"\t", 1) for entry in listing.split(b"\0") if entry)
    return tuple(os.fsdecode(path) for mode, path in entries if mode.startswith(_GITLINK))


def find_nested_repository(raw_listing: bytes) -> str | None:
    """Return the path of a repository inside the tree that a `diff -z --raw` listing adds.

    Such a listing without `-M` is pairs of an entry and a path; a path may look like an entry.
    """
    fields = raw_listing.split(b"\0")
    for entry, path in zip(fields[::2], fields[1::2], strict=False):
        if entry.split(b" ")[1] == _GITLINK:
            return name_of(path)
    return None


def resolve_inside(root: Path, file: str) -> Path | None:
    """Return the real path of the file if it is in `root` and outside of `.git`, else `None`."""
    try:
        path = (root / file).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    if not path.is_relative_to(root) or ".git" in path.relative_to(root).parts:
        return None
    return path
