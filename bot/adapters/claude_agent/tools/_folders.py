"""Resolves paths and patterns of tool calls within one worktree."""

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from bot.adapters.claude_agent.prompting._plain_text import format_code

LONGEST = 1_000
_SECRET = re.compile(r"\.env(?:rc|[._-].*)?", re.IGNORECASE)
_EXAMPLE = re.compile(r".*[._-](?:example|sample|template|dist|defaults)", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][\w+.-]*:")
_WILD = re.compile(r"[*?\[{]")
# `{.,x}{.,y}/` and `.{,x}./` are other spellings of `../`; `{/etc,x}` is one of `/etc`.
_CLIMBS = re.compile(r"\.\.|[{,]\.*[,}]|[{,]/|\[[^\]]*\.[^\]]*\]|\\")


class WorktreePath(NamedTuple):
    """A file or folder in the worktree: its real path, and its name relative to the root."""

    path: Path
    name: str
    linked: bool
    """Whether a link stands on the way to it."""


def is_secret(name: str) -> bool:
    """Return whether a file of that name usually holds secrets: `.env`, but not `.env.example`."""
    base_name = PurePosixPath(name).name
    return bool(_SECRET.fullmatch(base_name)) and not _EXAMPLE.fullmatch(base_name)


def find_secret_files(folder: Path) -> Iterator[str]:
    """Yield the names of files below a folder that usually hold secrets."""
    for current, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        for file in sorted(files):
            if is_secret(file):
                yield (Path(current) / file).relative_to(folder).as_posix()


def locate(root: Path, alias: Path, text: object, argument: str) -> WorktreePath | str:
    """Return the file or folder that a path argument refers to, or the reason for its refusal.

    `root` is the worktree with links resolved, `alias` the path by which callers know it. Files
    with secrets, git's own files, and special files are refused.
    """
    if not isinstance(text, str) or not text:
        return f"`{argument}` has to be a path, given as text."
    if reason := _explain_misleading_text(text):
        return reason
    absolute = Path(os.path.normpath(root / text))
    if absolute.is_relative_to(alias):
        absolute = root / absolute.relative_to(alias)
    try:
        real = (root / text).resolve() if not Path(text).is_absolute() else absolute.resolve()
    except (OSError, RuntimeError):  # RuntimeError: a circle of links
        return f"`{format_code(text)}` is a circle of links."
    if not (absolute.is_relative_to(root) and real.is_relative_to(root)):
        return (
            f"`{format_code(text)}` is outside the worktree: only this repository's own files can "
            "be used, by paths relative to its root."
        )
    name = real.relative_to(root).as_posix()
    return _explain_refusal(real, name) or WorktreePath(real, name, linked=real != absolute)


def _explain_misleading_text(text: str) -> str:
    """Return why the program might read this path differently from us, or ""."""
    if len(text) > LONGEST:
        return f"The path is longer than {LONGEST:,} characters."
    hidden = any(unicodedata.category(char)[0] in "CZ" and char != " " for char in text)
    if hidden or text != text.strip() or unicodedata.normalize("NFC", text) != text:
        return (
            f"`{format_code(text)}` holds characters that cannot be seen: write the path plainly."
        )
    if text.startswith("~") or "\\" in text or _SCHEME.match(text):
        return f"`{format_code(text)}` is no plain path: give one relative to the worktree's root."
    return ""


def _explain_refusal(real: Path, name: str) -> str:
    if any(part.lower().rstrip(". ") == ".git" for part in PurePosixPath(name).parts):
        return f"`{format_code(name)}` belongs to git itself: use git_diff to see what changed."
    if is_secret(name):
        return f"`{format_code(name)}` is made to hold secrets: work without what it says."
    try:
        mode = real.lstat().st_mode
    except FileNotFoundError:
        return ""
    except OSError:
        return f"`{format_code(name)}` cannot be looked at: a part of it is no folder."
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        return f"`{format_code(name)}` is neither a file nor a folder."
    return ""


def explain_pattern_refusal(root: Path, pattern: object, argument: str) -> str:
    """Return why a glob pattern is refused, as a sentence; "" if it stays in the worktree."""
    if not isinstance(pattern, str) or not pattern or len(pattern) > LONGEST:
        return f"`{argument}` has to be a pattern, given as text."
    if _explain_misleading_text(pattern) or _CLIMBS.search(pattern) or pattern.startswith("/"):
        return (
            f"`{format_code(pattern)}` may lead out of the worktree: give a pattern relative to "
            "its root, without `..`, such as `**/*.py`."
        )
    parts = PurePosixPath(pattern).parts
    if any(part.lower() == ".git" or is_secret(part.rstrip("*")) for part in parts):
        return f"`{format_code(pattern)}` names what may not be read: git's own files, or secrets."
    plain = []
    for part in parts:
        if _WILD.search(part):
            break
        plain.append(part)
    location = locate(root, root, "/".join(plain), argument) if plain else None
    return location if isinstance(location, str) else ""
