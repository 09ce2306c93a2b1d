"""What a change may not do, read from its diff alone, outside any agent.

Everything blocking stops the proposal. What is not blocking is shown on the card: a path that
needs a person's explicit word, a new dependency, an expected value that changed in a test.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

from bot.authority.protection import Protection
from bot.domain.change import FileChange, Finding
from bot.guards._declared import declared_modules, manifests
from bot.guards._dependencies import (
    importable,
    is_taken,
    new_dependencies,
)
from bot.guards._legible import aware, illegible
from bot.guards._migrations import new_migrations
from bot.guards._paths import SETTINGS, file_findings, path_findings
from bot.guards._read_as_run import PythonText, Sources, misread, run_by_python, text_files
from bot.guards._runner_access import runner_access
from bot.guards._same_change import diff_hash, texts_hash
from bot.guards._second_modules import at_head, shadowing
from bot.guards._shadowed_imports import posing
from bot.guards._shown import Redact, approvers_text, hidden
from bot.guards._sources import INSTALLED, moved_sources
from bot.guards._test_changes import changed_tests, lost_tests, pairs
from bot.guards._tests import gone_tests, is_test_file, program_lines, weakened
from bot.infra.unified_diff import FilePatch, Hunk, parse

__all__ = [
    "INSTALLED",
    "SETTINGS",
    "FilePatch",
    "Hunk",
    "PythonText",
    "Redact",
    "about_path",
    "approvers_text",
    "declared_modules",
    "diff_hash",
    "inspect",
    "is_taken",
    "is_test_file",
    "manifests",
    "new_migrations",
    "parse",
    "program_lines",
    "text_files",
    "texts_hash",
]


def inspect(
    diff: str,
    changes: Sequence[FileChange],
    *,
    base_files: Collection[str],
    owned: frozenset[str],
    protection: Protection,
    allowed_new: frozenset[str],
    sources: Sources,
    redact: Redact,
    known_import: Callable[[str], bool] = importable,
    taken: Callable[[str], bool] = is_taken,
    declared: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Return everything to object to in `diff` (unified, as git writes it) and its `changes`.

    `base_files` are the paths of all files at base. `owned` are those the plan may change,
    `allowed_new` further ones: the reproduction.
    `protection` is base's. `sources` are the text files, before and after. `redact` is what the
    diff goes through before anybody reads it. `known_import` says whether a top-level module is
    there already, `taken` whether base imports it or a package brings it; `declared` are
    modules of packages that base declares (`declared_modules`).
    """
    patches = parse(diff)
    for patch in patches:
        patch.python = run_by_python(patch, sources)
    tests = pairs(patches, sources)
    findings = [
        *_emptiness(changes, patches, allowed_new),
        *_uncounted(changes, patches),
        *path_findings(changes, patches, owned, protection, allowed_new, base_files),
        *(found for patch in patches for found in file_findings(patch)),
        *shadowing(base_files, changes, patches),
        *(found for patch in patches for found in illegible(patch)),
        *(found for patch in patches for found in misread(patch, sources)),
        *_size(changes, protection, allowed_new),
        *hidden(diff, patches, redact),
        *new_dependencies(patches, known_import),
        *posing(base_files, at_head(base_files, changes, patches), taken, declared),
        *moved_sources(patches),
        *gone_tests(changes, patches, {pair.patch.path for pair in tests}),
        *lost_tests(tests),
        *runner_access(patches, sources),
        *(f for patch in patches if not is_test_file(patch.path) for f in aware(patch)),
        *(found for patch in patches for found in weakened(patch, _moved_to(patch, patches))),
    ]
    blocking = [each for each in findings if each.blocking]
    findings += changed_tests(patches, tests, blocking)
    return tuple(dict.fromkeys(findings))


def about_path(path: str, protection: Protection) -> tuple[Finding, ...]:
    """Return what there is to say against a change of this path, whatever the change is."""
    change = FileChange(path=path, added=0, removed=0)
    return tuple(path_findings([change], [], frozenset({path}), protection, frozenset(), ()))


def _emptiness(
    changes: Sequence[FileChange], patches: Sequence[FilePatch], allowed_new: frozenset[str]
) -> Iterator[Finding]:
    paths = {change.path for change in changes} | {patch.path for patch in patches}
    if not paths:
        yield Finding(rule="empty", path="", message="Nothing was changed.", blocking=True)
    elif paths <= allowed_new:
        message = "Nothing but the reproduction was changed."
        yield Finding(rule="empty", path="", message=message, blocking=True)


def _uncounted(changes: Sequence[FileChange], patches: Sequence[FilePatch]) -> Iterator[Finding]:
    """Yield where the diff does not show what git says was changed: all of it, and no more."""
    shown = {patch.path for patch in patches} | {patch.old_path for patch in patches}
    for change in changes:
        those = [patch for patch in patches if patch.path == change.path]
        counted = [sum(len(patch.added) for patch in those)]
        counted.append(sum(len(patch.removed) for patch in those))
        if change.path not in shown:
            message = "Changed, but the diff does not show how."
        elif those and not _opaque(those) and counted != [change.added, change.removed]:
            message = (
                f"Git counts {change.added} lines added and {change.removed} taken out; the diff "
                f"shows {counted[0]} and {counted[1]}."
            )
        else:
            continue
        yield Finding(rule="unsafe_file", path=change.path, message=message, blocking=True)


def _opaque(patches: Sequence[FilePatch]) -> bool:
    """Whether git counts no lines of it: binaries, or one file in the place of another kind."""
    return len(patches) > 1 or any(patch.binary for patch in patches)


def _size(
    changes: Sequence[FileChange], protection: Protection, allowed_new: frozenset[str]
) -> Iterator[Finding]:
    lines = sum(
        change.added + change.removed for change in changes if change.path not in allowed_new
    )
    if lines > protection.max_changed_lines:
        message = f"{lines} lines changed; {protection.max_changed_lines} are allowed."
        yield Finding(rule="size", path="", message=message, blocking=True)


def _moved_to(patch: FilePatch, patches: Sequence[FilePatch]) -> frozenset[str]:
    """Return the lines added to other test files: what moved there was not taken away."""
    return frozenset(
        line.strip()
        for other in patches
        if other is not patch and is_test_file(other.path)
        for line in other.added
    )
