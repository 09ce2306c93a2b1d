"""Compares the existing tests before and after a change, by name, as Python reads them.

A list of ways to weaken a test can never be complete. So every change to an existing test, or to
what it uses, is reported on the card. A test that no longer exists or runs less blocks the change,
because that needs no judgement.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from theseus_guard._legibility import quote
from theseus_guard._misleading_code import Sources
from theseus_guard._test_modules import CollectedTest, Module, read_tests
from theseus_guard._tests import is_test_file
from theseus_guard.records import Finding
from theseus_guard.unified_diff import FilePatch

_OTHER_TESTS = re.compile(r"(?:.*[._-])?(?:test|spec)s?[._-].*")
_MOST = 4


class Pair(NamedTuple):
    patch: FilePatch
    before: Module
    after: Module

    @property
    def missing(self) -> dict[str, CollectedTest]:
        return {n: t for n, t in self.before.tests.items() if n not in self.after.tests}

    @property
    def added(self) -> dict[str, CollectedTest]:
        return {n: t for n, t in self.after.tests.items() if n not in self.before.tests}


def is_test_data(path: str) -> bool:
    """Return whether tests read a file, or whether it contains tests in another language."""
    where = PurePosixPath(path)
    among = {"tests", "test", "__tests__", "testdata"} & set(where.parts[:-1])
    return not path.endswith(".py") and bool(among or _OTHER_TESTS.fullmatch(where.name))


def pair_test_files(patches: Sequence[FilePatch], sources: Sources) -> list[Pair]:
    """Return each test file before and after the change, if Python can parse both."""
    found = []
    for patch in patches:
        source = sources.get(patch.path)
        if source is None or not (is_test_file(patch.path) or is_test_file(patch.old_path)):
            continue
        before, after = read_tests(source.before or ""), read_tests(source.after or "")
        if before is not None and after is not None:
            found.append(Pair(patch, before, after))
    return found


def find_lost_tests(read: Sequence[Pair]) -> Iterator[Finding]:
    """Yield blocking findings: tests that no longer run, or that run less than before."""
    elsewhere = {name.rpartition(".")[2] for pair in read for name in pair.added}
    for pair in read:
        lost = {n: t for n, t in pair.missing.items() if n.rpartition(".")[2] not in elsewhere}
        new_cases = sum(test.cases or 1 for test in pair.added.values())
        if sum(test.cases or 1 for test in lost.values() if test.cases != 0) > new_cases:
            yield _create_finding(
                pair.patch, "test_deleted", f"No longer tests: {_format_names(list(lost))}."
            )
        for name, was in pair.before.tests.items():
            now = pair.after.tests.get(name)
            if now is None:
                continue
            if was.cases is not None and now.cases is not None and now.cases < was.cases:
                message = f"`{name}` has {now.cases} case(s) left of {was.cases}."
                yield _create_finding(pair.patch, "test_weakened", message)
            if now.idle > was.idle:
                message = f"`{name}` returns early or skips a part of its body."
                yield _create_finding(pair.patch, "test_weakened", message)


def _create_finding(patch: FilePatch, rule: str, message: str) -> Finding:
    return Finding.model_validate(
        {"rule": rule, "path": patch.path, "message": message, "blocking": True}
    )


def find_changed_tests(
    patches: Sequence[FilePatch], read: Sequence[Pair], blocking: Sequence[Finding]
) -> Iterator[Finding]:
    """Yield one note per file about all other changes to existing tests or to what they use.

    A name that a finding in `blocking` mentions already is left out.
    """
    for pair in read:
        places = (pair.patch.path, pair.patch.old_path)
        reported = [finding for finding in blocking if finding.path in places]
        named = "\n".join(f"`{finding.path}` {finding.message}" for finding in reported)
        groups = {kind: [name for name in names if f"`{name}`" not in named]
                  for kind, names in _group_differences(pair).items()}  # fmt: skip
        if summary := "; ".join(
            f"{kind} {_format_names(names)}" for kind, names in groups.items() if names
        ):
            yield _create_note(pair.patch.path, f"Existing tests: {summary}.")
    compared = {pair.patch.path for pair in read}
    for patch in patches:
        if patch.status == "added":
            continue
        if is_test_data(patch.old_path or patch.path):
            how = {"deleted": "deleted", "renamed": "moved"}.get(patch.status, "changed")
            yield _create_note(patch.path, f"A file that existing tests use is {how}.")
        elif is_test_file(patch.path) and patch.status != "deleted" and patch.path not in compared:
            yield _create_note(
                patch.path, "Existing tests: cannot be compared with the tests before."
            )


def _create_note(path: str, message: str) -> Finding:
    return Finding(rule="test_changed", path=path, message=message, blocking=False)


def _group_differences(pair: Pair) -> Mapping[str, list[str]]:
    """Return the names that differ, grouped by the kind of difference, the most serious first."""
    before, after = pair.before, pair.after
    both = [name for name, dump in before.bound.items() if after.bound.get(name, dump) != dump]
    rebound = [
        name
        for name in both
        if name in before.imported or len(after.bound[name]) > len(before.bound[name])
    ]
    new = [name for name in after.bound if name not in before.bound]
    removed = [name for name in before.bound if name not in after.bound]
    return {
        "runs when the file is imported": [quote(text)[:60] for text in after.loose - before.loose],
        "redefined": rebound + [name for name in new if _is_looked_up(name, pair)],
        "takes part automatically": [name for name in new if _is_active(name, pair)],
        "removed": [name for name in removed if name not in before.imported],
        "changed": [name for name in both if name not in rebound],
        "moved from": [pair.patch.old_path] if pair.patch.status == "renamed" else [],
    }


def _is_looked_up(name: str, pair: Pair) -> bool:
    """Return whether existing tests look up a new name: a builtin, another file's fixture."""
    return name in pair.before.references and not _is_active(name, pair) and _is_preexisting(pair)


def _is_active(name: str, pair: Pair) -> bool:
    """Return whether a new name takes part in existing tests: a hook, a member of their class."""
    inside, _, last = name.rpartition(".")
    if any(test.startswith(f"{inside}.") for test in pair.before.tests):
        return not last.startswith("test")
    conftest = PurePosixPath(pair.patch.path).name == "conftest.py"
    known = not inside or inside in pair.before.bound
    return name in pair.after.active and known and (conftest or _is_preexisting(pair))


def _is_preexisting(pair: Pair) -> bool:
    return pair.patch.status != "added" and bool(pair.before.bound)


def _format_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(f"`{name}`" for name in names[:_MOST]) + more
