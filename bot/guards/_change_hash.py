"""Whether two changes are the same one: by the lines they take out and put in, outside tests.

Not by place, surroundings or hunks: those move when other lines of the file do, and two programs
that make diffs cut them differently.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping

from bot.guards._tests import is_test_file
from bot.infra.unified_diff import parse

_LENGTH = 16
_Lines = tuple[Iterable[str], Iterable[str]]  # taken out, put in


def hash_diff(diff: str) -> str:
    """Return what a change is known again by; empty where it changes no line outside tests."""
    return _hash_changes(
        {patch.path: (patch.removed_lines, patch.added_lines) for patch in parse(diff)}
    )


def hash_texts(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return the same of a change that is given as whole files, by path."""
    return _hash_changes(
        {path: (before.get(path, "").splitlines(), text.splitlines())
         for path, text in after.items()}
    )  # fmt: skip


def _hash_changes(changes: Mapping[str, _Lines]) -> str:
    told = []
    for path, (removed, added) in sorted(changes.items()):
        old, new = Counter(map(str.rstrip, removed)), Counter(map(str.rstrip, added))
        out, into = sorted((old - new).elements()), sorted((new - old).elements())
        if (out or into) and not is_test_file(path):
            told.append([path, out, into])
    if not told:
        return ""
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:_LENGTH]
