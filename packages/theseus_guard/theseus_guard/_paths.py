"""Checks which paths a change touches, and which kinds of file it contains."""

import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from pathlib import PurePosixPath

from theseus_guard._spelling import find_spelling_fault
from theseus_guard.protection import Protection
from theseus_guard.records import FileChange, Finding
from theseus_guard.unified_diff import FilePatch

SETTINGS = frozenset(
    {
        "sitecustomize.py", "usercustomize.py", "pytest.ini", ".pytest.ini", "pytest.toml",
        ".pytest.toml", "tox.ini", "setup.cfg", "pyproject.toml", "mypy.ini", ".mypy.ini",
        "ruff.toml", ".ruff.toml", ".coveragerc", "pyrightconfig.json", ".flake8", ".pylintrc",
        "pylintrc", "ty.toml", "pyrefly.toml",
    }
)  # fmt: skip
"""Files that decide how checks run."""

# Files whose change a person should notice, in addition to reading the diff.
_MACHINERY = SETTINGS | {"conftest.py", "noxfile.py", "setup.py"}
_GIT_FILES = frozenset({".gitattributes", ".gitmodules"})


def _find_path_fault(path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in parts:
        return "The path leads out of the repository."
    if "\\" in path or "`" in path or not path.isprintable():
        return "The path contains a backslash, a backtick or control characters."
    if "\ufffd" in path or unicodedata.normalize("NFKC", path) != path:
        return "The path contains letters that other systems treat as different ones."
    if any(part.endswith((" ", ".")) for part in parts):
        return "A part of the path ends with a space or a dot, which other systems do not allow."
    if any(part.lower().rstrip(". ") == ".git" for part in parts):
        return "The path is inside git's own folder."
    if parts[-1].lower() in _GIT_FILES:
        return "This file changes which files git shows or fetches."
    return ""


def check_paths(
    changes: Sequence[FileChange],
    patches: Sequence[FilePatch],
    owned_files: frozenset[str],
    protection: Protection,
    allowed_new: frozenset[str],
    base_files: Collection[str],
) -> Iterator[Finding]:
    """Yield findings about the paths of a change, both ends of a rename included."""
    paths = [change.path for change in changes]
    paths += [path for patch in patches for path in (patch.path, patch.old_path)]
    existing = frozenset(base_files)
    for path in dict.fromkeys(paths):
        if reason := _find_path_fault(path) or (path not in existing and find_spelling_fault(path)):
            yield Finding(rule="unsafe_file", path=path, message=reason, blocking=True)
        yield from _check_protection(path, protection)
        if path not in owned_files and path not in allowed_new:
            message = "The plan does not own this file."
            yield Finding(rule="ownership", path=path, message=message, blocking=True)


def _check_protection(path: str, protection: Protection) -> Iterator[Finding]:
    """Yield the finding for the path's class; a file that a person named still needs a review."""
    if reason := protection.describe_restriction(path):
        yield Finding(rule="immutable_path", path=path, message=reason, blocking=True)
        return
    name, kind = PurePosixPath(path).name, ""
    if found := protection.find_class(path):
        kind = found[0]
        named = " A person named this file." if found[1] == "named" else ""
        message = (
            f"Security-sensitive ({kind}): shipping needs a person's explicit approval.{named}"
        )
    elif name in _MACHINERY or path.endswith(".pth"):
        message = "Decides how checks run; please review closely."
    else:
        return
    yield Finding(rule="protected_path", path=path, message=message, blocking=False, kind=kind)


def check_file(patch: FilePatch) -> Iterator[Finding]:
    """Yield findings about the kind of file: links, submodules, executables, binaries."""
    reasons = {
        "120000": "A symbolic link; a change may contain plain files only.",
        "160000": "A submodule; a change may contain plain files only.",
    }
    for mode in dict.fromkeys((patch.new_mode, patch.old_mode)):
        if mode in reasons:
            message = reasons[mode]
            yield Finding(rule="unsafe_file", path=patch.path, message=message, blocking=True)
    if patch.new_mode == "100755" and patch.old_mode != "100755":
        message = "Becomes executable."
        yield Finding(rule="unsafe_file", path=patch.path, message=message, blocking=True)
    if patch.binary:
        message = "Binary: no one can review its content in the diff."
        yield Finding(rule="unsafe_file", path=patch.path, message=message, blocking=True)
