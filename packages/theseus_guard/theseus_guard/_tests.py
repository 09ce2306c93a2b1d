"""Finds tests that are deleted, skipped or weakened, and checks that are silenced.

Only the diff is read, so this errs on the side of showing a person too much: removing more
assertions than are added blocks a change. Tests that grow, move or are renamed pass.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from theseus_guard._assertions import find_weakened_assertions, is_assertion, is_vacuous
from theseus_guard.records import FileChange, Finding
from theseus_guard.unified_diff import FilePatch, Hunk

_TEST_NAME = re.compile(r"test_.*\.py|.*_test\.py|conftest\.py")
_TEST_DEF = re.compile(r"\s*(?:async\s+)?def\s+(test\w*)\s*\(|\s*class\s+(Test\w*)\b")
_SKIP = re.compile(
    r"\bmark\.(?:skip|skipif|xfail)\b|\bpytest\.(?:skip|xfail|importorskip|exit)\b|\bskipTest\b"
    r"|\bunittest\.(?:skip|expectedFailure)|@(?:skip|skipIf|skipUnless|xfail|expectedFailure)\b"
    r"|\bcollect_ignore|\b__test__\s*=\s*False|\bdeselect\b"
)
_SILENCED = re.compile(
    r"#\s*(?:type:\s*ignore|noqa|ruff:\s*noqa|flake8:|pragma:\s*no\s*cover|pylint:\s*disable"
    r"|pyright:\s*(?:ignore|basic)|mypy:|isort:\s*skip|nosec"
    r"|fmt:\s*(?:off|skip)|yapf:\s*disable|autopep8:\s*off)",
    re.IGNORECASE,
)
_SWALLOWS = re.compile(
    r"\s*except\s*(?:\(?\s*(?:AssertionError|Exception|BaseException)\b.*)?:"
    r"|.*\bsuppress\(.*\b(?:AssertionError|Exception|BaseException)\b"
)
_BROAD = re.compile(
    r"\braises\(\s*\(?[^)]*\b(?:Base)?Exception\b|assertRaises\(\s*(?:Base)?Exception\b"
)
_RAISES = re.compile(r"\braises\(|assertRaises(?:Regex)?\(")
_RETURN = re.compile(r"( +)return(?:\s+None)?\s*(?:#.*)?")
_DEF = re.compile(r"( *)(?:async\s+)?def\s+(\w+)")
_ROW = re.compile(r"\s+(?:pytest\.param)?\(.*\),?\s*")
_CASE = re.compile(r"\s*(?:\(|\[|\{|[\"'\d-]|pytest\.param\(|None\b|True\b|False\b)")


def is_test_file(path: str) -> bool:
    """Return whether a Python file is a test or lies in a folder of tests."""
    parts = PurePosixPath(path).parts
    return path.endswith(".py") and bool(
        {"tests", "test"} & set(parts[:-1]) or _TEST_NAME.fullmatch(parts[-1])
    )


def count_program_lines(changes: Iterable[FileChange]) -> int:
    """Return the number of changed lines in files that are neither tests nor documents."""
    return sum(
        change.added + change.removed
        for change in changes
        if not is_test_file(change.path) and not change.path.endswith(".md")
    )


def is_collected(path: str) -> bool:
    """Return whether pytest collects tests from a file of that name."""
    return bool(_TEST_NAME.fullmatch(PurePosixPath(path).name))


def find_deleted_tests(
    changes: Sequence[FileChange], patches: Sequence[FilePatch], compared: Container[str]
) -> Iterator[Finding]:
    """Yield test files that are deleted or renamed to where pytest does not look, and lost tests.

    Files in `compared` are left out of the search for lost tests: `find_lost_tests` has compared
    them by name, as Python reads them.
    """
    renamed = {patch.old_path: patch for patch in patches if patch.status == "renamed"}
    deleted = {change.path for change in changes if change.status == "deleted"}
    deleted |= {patch.path for patch in patches if patch.status == "deleted"}
    for path in sorted(deleted | renamed.keys()):
        if not is_test_file(path):
            continue
        moved = renamed.get(path)
        if moved is None:
            yield _create_deletion_finding(path, "A test file is deleted.")
        elif is_collected(path) and not is_collected(moved.path):
            yield _create_deletion_finding(
                path, f"Renamed to {moved.path}, where pytest does not look for tests."
            )
    tests = [patch for patch in patches if is_test_file(patch.path)]
    yield from _find_deleted_functions(tests, compared)


def _find_deleted_functions(
    patches: Sequence[FilePatch], compared: Container[str]
) -> Iterator[Finding]:
    everywhere = {name for patch in patches for name in _list_defined(patch.added_lines)}
    for patch in patches:
        if patch.status == "deleted" or patch.path in compared:
            continue
        missing = [name for name in _list_defined(patch.removed_lines) if name not in everywhere]
        fresh = set(_list_defined(patch.added_lines)) - set(_list_defined(patch.removed_lines))
        if len(missing) > len(fresh):
            yield _create_deletion_finding(
                patch.path, f"Tests were removed: {', '.join(missing[:5])}."
            )


def _list_defined(lines: Sequence[str]) -> list[str]:
    found = [_TEST_DEF.match(line) for line in lines]
    return [match[1] or match[2] for match in found if match]


def _create_deletion_finding(path: str, message: str) -> Finding:
    return Finding(rule="test_deleted", path=path, message=message, blocking=True)


def find_weakened_tests(patch: FilePatch, moved: frozenset[str]) -> Iterator[Finding]:
    """Yield the ways in which a patch makes tests or checks easier to pass.

    `moved` are the (stripped) lines added to other test files.
    """
    found = list(_find_silenced_checks(patch))
    if is_test_file(patch.path) and patch.status != "deleted":
        for rule in _RULES:
            found += rule(patch, moved)
        for hunk in patch.hunks:
            for block in hunk.blocks:
                for message, blocking in find_weakened_assertions(block):
                    yield Finding(
                        rule="test_weakened", path=patch.path, message=message, blocking=blocking
                    )
    for message in found:
        yield Finding(rule="test_weakened", path=patch.path, message=message, blocking=True)


def _count(pattern: re.Pattern[str], lines: Sequence[str]) -> int:
    return sum(bool(pattern.search(line)) for line in lines)


def _find_silenced_checks(patch: FilePatch) -> Iterator[str]:
    more = _count(_SILENCED, patch.added_lines) - _count(_SILENCED, patch.removed_lines)
    if patch.python and more > 0:
        first = next(line.strip() for line in patch.added_lines if _SILENCED.search(line))
        yield f"A check is silenced: `{first[:120]}`."


def _find_fewer_assertions(patch: FilePatch, moved: frozenset[str]) -> Iterator[str]:
    removed = [
        line for line in patch.removed_lines if is_assertion(line) and line.strip() not in moved
    ]
    added = [line for line in patch.added_lines if is_assertion(line) and not is_vacuous(line)]
    if len(removed) > len(added):
        yield f"{len(removed)} assertion(s) removed, {len(added)} added."


def _find_vacuous_assertions(patch: FilePatch, _: frozenset[str]) -> Iterator[str]:
    for line in patch.added_lines:
        if is_vacuous(line):
            yield f"An assertion that cannot fail: `{line.strip()[:120]}`."


def _find_skips(patch: FilePatch, _: frozenset[str]) -> Iterator[str]:
    if _count(_SKIP, patch.added_lines) > _count(_SKIP, patch.removed_lines):
        first = next(line.strip() for line in patch.added_lines if _SKIP.search(line))
        yield f"A test is skipped: `{first[:120]}`."


def _find_swallowed_failures(patch: FilePatch, _: frozenset[str]) -> Iterator[str]:
    added = [line for line in patch.added_lines if _SWALLOWS.match(line)]
    if len(added) > sum(bool(_SWALLOWS.match(line)) for line in patch.removed_lines):
        yield f"Failures are swallowed: `{added[0].strip()[:120]}`."


def _find_broadened_exceptions(patch: FilePatch, _: frozenset[str]) -> Iterator[str]:
    for hunk in patch.hunks:
        for block in hunk.blocks:
            before = [line for line in block.removed if _RAISES.search(line)]
            after = [line for line in block.added if _RAISES.search(line)]
            if before and _count(_BROAD, after) > _count(_BROAD, before):
                yield "An expected exception is broadened to Exception."
            if len(after) >= len(before) > 0 and _count_message_checks(
                after
            ) < _count_message_checks(before):
                yield "An expected exception's message is no longer checked."


def _count_message_checks(lines: Sequence[str]) -> int:
    return sum("match=" in line or "Regex(" in line for line in lines)


def _find_early_returns(patch: FilePatch, _: frozenset[str]) -> Iterator[str]:
    """Find a bare `return` added directly to a test's body: the code after it never runs."""
    for hunk in patch.hunks:
        indent, name = _parse_section(hunk.section)
        for sign, text in hunk.lines:
            if found := _DEF.match(text):
                indent, name = len(found[1]), found[2]
            bare = _RETURN.fullmatch(text)
            if sign == "+" and bare and name.startswith("test") and len(bare[1]) == indent + 4:
                yield f"A return ends `{name}` early."


def _parse_section(section: str) -> tuple[int, str]:
    found = _DEF.match(section)
    return (len(found[1]), found[2]) if found else (0, "")


def _find_fewer_cases(patch: FilePatch, _: frozenset[str]) -> Iterator[str]:
    for hunk in patch.hunks:
        removed, added = _count_cases(hunk, "-"), _count_cases(hunk, "+")
        if removed > added:
            yield f"{removed} parametrized case(s) removed, {added} added."


def _count_cases(hunk: Hunk, sign: str) -> int:
    """Count changed cases between a `parametrize(`, or the hunk's start, and a test's `def`."""
    inside, count, candidates, last = True, 0, 0, ""
    for kind, text in hunk.lines:
        if "parametrize(" in text:
            inside, candidates = True, 0
        elif found := _DEF.match(text):
            closed = last.strip()[:1] in (")", "]")  # a decorator ends just above
            count += candidates if inside and closed and found[2].startswith("test") else 0
            inside, candidates = False, 0
        elif inside and kind == sign and _CASE.match(text):
            candidates += 1
        last = text if text.strip() else last
    if not any(_DEF.match(text) for _, text in hunk.lines):  # the middle of a long table
        count += sum(kind == sign and bool(_ROW.fullmatch(text)) for kind, text in hunk.lines)
    return count


Rule = Callable[[FilePatch, frozenset[str]], Iterator[str]]
_RULES: tuple[Rule, ...] = (
    _find_fewer_assertions,
    _find_vacuous_assertions,
    _find_skips,
    _find_swallowed_failures,
    _find_broadened_exceptions,
    _find_early_returns,
    _find_fewer_cases,
)
