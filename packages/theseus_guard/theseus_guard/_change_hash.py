"""Identifies a change by a hash of the lines that it removes and adds, outside tests.

Line numbers, context and hunks do not count: they move when other lines of the file change, and two
diff programs cut hunks differently.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping

from theseus_guard._tests import is_test_file
from theseus_guard.unified_diff import parse

_LENGTH = 16  # hexadecimal digits; enough to tell the few changes of one bot apart
_Lines = tuple[Iterable[str], Iterable[str]]  # removed, added


def hash_diff(diff: str) -> str:
    """Return the hash of a diff, or an empty string if it changes no line outside tests."""
    return _hash_changes(
        {patch.path: (patch.removed_lines, patch.added_lines) for patch in parse(diff)}
    )


def hash_texts(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    """Return the same hash as `hash_diff` for a change stored as complete texts by path."""
    return _hash_changes(
        {path: (before.get(path, "").splitlines(), text.splitlines())
         for path, text in after.items()}
    )  # fmt: skip


def _hash_changes(changes: Mapping[str, _Lines]) -> str:
    entries = []
    for path, (removed, added) in sorted(changes.items()):
        old, new = Counter(map(str.rstrip, removed)), Counter(map(str.rstrip, added))
        out, into = sorted((old - new).elements()), sorted((new - old).elements())
        if (out or into) and not is_test_file(path):
            entries.append([path, out, into])
    if not entries:
        return ""
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()[:_LENGTH]
