"""Checks a change with every rule."""

from collections.abc import Callable, Collection, Iterator, Sequence

from theseus_guard._approver_text import Redact, find_hidden_lines
from theseus_guard._dependencies import (
    find_new_dependencies,
    is_importable,
    is_installed,
)
from theseus_guard._duplicate_modules import find_shadowing, list_head_files
from theseus_guard._legibility import find_illegible_lines, find_test_machinery
from theseus_guard._misleading_code import (
    Sources,
    find_misleading_code,
    is_run_by_python,
)
from theseus_guard._paths import check_file, check_paths
from theseus_guard._runner_access import find_runner_access
from theseus_guard._shadowed_imports import find_impostors
from theseus_guard._sources import find_moved_sources
from theseus_guard._test_changes import find_changed_tests, find_lost_tests, pair_test_files
from theseus_guard._tests import (
    find_deleted_tests,
    find_weakened_tests,
    is_test_file,
)
from theseus_guard.protection import Protection
from theseus_guard.records import FileChange, Finding
from theseus_guard.unified_diff import FilePatch, parse


def inspect(
    diff: str,
    changes: Sequence[FileChange],
    *,
    base_files: Collection[str],
    owned_files: frozenset[str],
    protection: Protection,
    allowed_new: frozenset[str],
    sources: Sources,
    redact: Redact,
    known_import: Callable[[str], bool] = is_importable,
    is_name_taken: Callable[[str], bool] = is_installed,
    declared: Collection[str] = (),
) -> tuple[Finding, ...]:
    """Return all findings about `diff` (unified, as git writes it) and its `changes`.

    `base_files` are the paths at base, `owned_files` the files that the plan may change, and
    `allowed_new` further ones: the reproduction. `protection` is base's. `sources` are the text
    files before and after. `redact` is the redactor that the diff passes before anyone reads it.
    `known_import` returns whether a module is available already, `is_name_taken` whether base
    imports a name or a package provides it. `declared` are the modules of packages that base
    declares.
    """
    patches = parse(diff)
    for patch in patches:
        patch.python = is_run_by_python(patch, sources)
    tests = pair_test_files(patches, sources)
    findings = [
        *_find_empty_change(changes, patches, allowed_new),
        *_find_count_mismatches(changes, patches),
        *check_paths(changes, patches, owned_files, protection, allowed_new, base_files),
        *(found for patch in patches for found in check_file(patch)),
        *find_shadowing(base_files, changes, patches),
        *(found for patch in patches for found in find_illegible_lines(patch)),
        *(found for patch in patches for found in find_misleading_code(patch, sources)),
        *_check_size(changes, protection, allowed_new),
        *find_hidden_lines(diff, patches, redact),
        *find_new_dependencies(patches, known_import),
        *find_impostors(
            base_files, list_head_files(base_files, changes, patches), is_name_taken, declared
        ),
        *find_moved_sources(patches),
        *find_deleted_tests(changes, patches, {pair.patch.path for pair in tests}),
        *find_lost_tests(tests),
        *find_runner_access(patches, sources),
        *(
            found
            for patch in patches
            if not is_test_file(patch.path)
            for found in find_test_machinery(patch)
        ),
        *(
            found
            for patch in patches
            for found in find_weakened_tests(patch, _collect_moved_lines(patch, patches))
        ),
    ]
    blocking = [finding for finding in findings if finding.blocking]
    findings += find_changed_tests(patches, tests, blocking)
    return tuple(dict.fromkeys(findings))


def inspect_path(path: str, protection: Protection) -> tuple[Finding, ...]:
    """Return the findings that any change of this path would have, whatever its content."""
    change = FileChange(path=path, added=0, removed=0)
    return tuple(check_paths([change], [], frozenset({path}), protection, frozenset(), ()))


def _find_empty_change(
    changes: Sequence[FileChange], patches: Sequence[FilePatch], allowed_new: frozenset[str]
) -> Iterator[Finding]:
    paths = {change.path for change in changes} | {patch.path for patch in patches}
    if not paths:
        yield Finding(rule="empty", path="", message="Nothing was changed.", blocking=True)
    elif paths <= allowed_new:
        message = "Only the reproduction was changed."
        yield Finding(rule="empty", path="", message=message, blocking=True)


def _find_count_mismatches(
    changes: Sequence[FileChange], patches: Sequence[FilePatch]
) -> Iterator[Finding]:
    """Yield a finding for each file whose diff differs from the line counts that git reports."""
    shown = {patch.path for patch in patches} | {patch.old_path for patch in patches}
    for change in changes:
        matching = [patch for patch in patches if patch.path == change.path]
        counted = [sum(len(patch.added_lines) for patch in matching)]
        counted.append(sum(len(patch.removed_lines) for patch in matching))
        if change.path not in shown:
            message = "The file changed, but the diff does not show how."
        elif matching and not _is_opaque(matching) and counted != [change.added, change.removed]:
            message = (
                f"Git counts {change.added} lines added and {change.removed} removed; the diff "
                f"shows {counted[0]} and {counted[1]}."
            )
        else:
            continue
        yield Finding(rule="unsafe_file", path=change.path, message=message, blocking=True)


def _is_opaque(patches: Sequence[FilePatch]) -> bool:
    """Return whether git counts no lines for a file: it is binary, or its file type changed."""
    return len(patches) > 1 or any(patch.binary for patch in patches)


def _check_size(
    changes: Sequence[FileChange], protection: Protection, allowed_new: frozenset[str]
) -> Iterator[Finding]:
    lines = sum(
        change.added + change.removed for change in changes if change.path not in allowed_new
    )
    if lines > protection.max_changed_lines:
        message = f"{lines} lines changed; at most {protection.max_changed_lines} are allowed."
        yield Finding(rule="size", path="", message=message, blocking=True)


def _collect_moved_lines(patch: FilePatch, patches: Sequence[FilePatch]) -> frozenset[str]:
    """Return the lines added to other test files: an assertion that moved there was not removed."""
    return frozenset(
        line.strip()
        for other in patches
        if other is not patch and is_test_file(other.path)
        for line in other.added_lines
    )
