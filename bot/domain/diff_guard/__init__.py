"""What a change may not do, read from its diff alone, outside any agent.

Everything blocking stops the proposal. What is not blocking is shown on the card: a path that
needs a person's explicit word, a new dependency, an expected value that changed in a test.
"""

from collections.abc import Callable, Iterator, Sequence

from bot.domain.change import FileChange, Finding
from bot.domain.diff_guard._dependencies import (
    importable,
    is_taken,
    new_dependencies,
    posing,
)
from bot.domain.diff_guard._legible import aware, illegible
from bot.domain.diff_guard._parse import FilePatch, parse
from bot.domain.diff_guard._paths import SETTINGS, file_findings, path_findings
from bot.domain.diff_guard._sameness import diff_hash, texts_hash
from bot.domain.diff_guard._sources import INSTALLED, moved_sources
from bot.domain.diff_guard._tests import gone_tests, is_test_file, weakened
from bot.domain.protection import Protection

__all__ = [
    "INSTALLED",
    "SETTINGS",
    "about_path",
    "diff_hash",
    "inspect",
    "is_taken",
    "is_test_file",
    "texts_hash",
]

FindSecrets = Callable[[str], Sequence[str]]


def inspect(
    diff: str,
    changes: Sequence[FileChange],
    *,
    owned: frozenset[str],
    protection: Protection,
    allowed_new: frozenset[str],
    find_secrets: FindSecrets,
    known_import: Callable[[str], bool] = importable,
) -> tuple[Finding, ...]:
    """Return everything to object to in `diff` (unified, as git writes it) and its `changes`.

    `owned` are the files the plan may change, `allowed_new` further ones: the reproduction.
    `protection` is base's. `find_secrets` returns one entry for each secret in a text; what it
    returns is counted and never shown. `known_import` says whether a top-level module is there
    already.
    """
    patches = parse(diff)
    findings = [
        *_emptiness(changes, patches, allowed_new),
        *_hidden(changes, patches),
        *path_findings(changes, patches, owned, protection, allowed_new),
        *(found for patch in patches for found in file_findings(patch)),
        *(found for patch in patches for found in illegible(patch)),
        *_size(changes, protection, allowed_new),
        *(found for patch in patches for found in _secrets(patch, find_secrets)),
        *new_dependencies(patches, known_import),
        *posing(patches),
        *moved_sources(patches),
        *gone_tests(changes, patches),
        *(found for patch in patches for found in weakened(patch, _moved_to(patch, patches))),
        *(f for patch in patches if not is_test_file(patch.path) for f in aware(patch)),
    ]
    return tuple(dict.fromkeys(findings))


def about_path(path: str, protection: Protection) -> tuple[Finding, ...]:
    """Return what there is to say against a change of this path, whatever the change is."""
    change = FileChange(path=path, added=0, removed=0)
    return tuple(path_findings([change], [], frozenset({path}), protection, frozenset()))


def _emptiness(
    changes: Sequence[FileChange], patches: Sequence[FilePatch], allowed_new: frozenset[str]
) -> Iterator[Finding]:
    paths = {change.path for change in changes} | {patch.path for patch in patches}
    if not paths:
        yield Finding(rule="empty", path="", message="Nothing was changed.", blocking=True)
    elif paths <= allowed_new:
        message = "Nothing but the reproduction was changed."
        yield Finding(rule="empty", path="", message=message, blocking=True)


def _hidden(changes: Sequence[FileChange], patches: Sequence[FilePatch]) -> Iterator[Finding]:
    shown = {patch.path for patch in patches} | {patch.old_path for patch in patches}
    for change in changes:
        if change.path not in shown:
            message = "Changed, but the diff does not show how."
            yield Finding(rule="unsafe_file", path=change.path, message=message, blocking=True)


def _size(
    changes: Sequence[FileChange], protection: Protection, allowed_new: frozenset[str]
) -> Iterator[Finding]:
    lines = sum(
        change.added + change.removed for change in changes if change.path not in allowed_new
    )
    if lines > protection.max_changed_lines:
        message = f"{lines} lines changed; {protection.max_changed_lines} are allowed."
        yield Finding(rule="size", path="", message=message, blocking=True)


def _secrets(patch: FilePatch, find_secrets: FindSecrets) -> Iterator[Finding]:
    added = len(find_secrets("\n".join(patch.added)))
    there_before = len(find_secrets("\n".join(patch.removed))) if added else 0
    if added > there_before:
        message = f"Added lines hold {added - there_before} thing(s) that look like a secret."
        yield Finding(rule="secret", path=patch.path, message=message, blocking=True)


def _moved_to(patch: FilePatch, patches: Sequence[FilePatch]) -> frozenset[str]:
    """Return the lines added to other test files: what moved there was not taken away."""
    return frozenset(
        line.strip()
        for other in patches
        if other is not patch and is_test_file(other.path)
        for line in other.added
    )
