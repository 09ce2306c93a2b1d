"""Reading git's machine formats: NUL-separated, so any file name is just a name."""

import os
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.change import FileChange
from bot.domain.evidence import Commit
from bot.infra.git import Git
from bot.infra.git_settings import PLAIN_DIFF

COMMIT_FORMAT = "--format=tformat:%H%n%an%n%ct%n%s"

_GITLINK = b"160000"
_STATUS = {"A": "added", "D": "deleted", "R": "renamed"}


def name_of(raw: bytes) -> str:
    """Return a file name as text; bytes that are not UTF-8 are shown as such."""
    return raw.decode(errors="replace")


def parse_names(out: bytes) -> tuple[str, ...]:
    """Return the names of a `-z --name-only` listing."""
    return tuple(name_of(raw) for raw in out.split(b"\0") if raw)


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


def parse_file_changes(out: bytes) -> tuple[FileChange, ...]:
    """Return the files of `diff -z -M --raw --numstat`.

    A rename gives two entries: the new path as `renamed` with its lines, and the old path as
    `deleted` without lines, so that a removed file cannot be overlooked.
    """
    fields = iter(out.split(b"\0"))
    status: dict[str, str] = {}
    counted: dict[str, tuple[int, int]] = {}
    for field in fields:
        if field.startswith(b":"):
            letter = field.rsplit(b" ", 1)[1][:1].decode()
            path = name_of(next(fields))
            if letter == "R":
                status[path] = "D"
                path = name_of(next(fields))
            status[path] = letter
        elif field:
            added, removed, raw = field.split(b"\t", 2)
            if not raw:
                next(fields)
                raw = next(fields)
            counted[name_of(raw)] = (_parse_count(added), _parse_count(removed))
    return tuple(
        FileChange.model_validate(
            {
                "path": path,
                "status": _STATUS.get(letter, "modified"),
                "added": counted.get(path, (0, 0))[0],
                "removed": counted.get(path, (0, 0))[1],
            }
        )
        for path, letter in sorted(status.items())
    )


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


def _parse_count(count: bytes) -> int:
    """Return a numstat count; a binary file's is a hyphen."""
    return int(count) if count.isdigit() else 0


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


def read_text(git: Git, commit: str, file: str) -> str | None:
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


def read_diff(git: Git, *what: str) -> str:
    """Return a unified diff as text."""
    return git.run("diff", *PLAIN_DIFF, "-U3", "-M", *what).out.decode(errors="replace")


def resolve_inside(root: Path, file: str) -> Path | None:
    """Return the real path of the file if it is in `root` and outside of `.git`, else `None`."""
    try:
        path = (root / file).resolve()
    except (OSError, ValueError, RuntimeError):
        return None
    if not path.is_relative_to(root) or ".git" in path.relative_to(root).parts:
        return None
    return path
