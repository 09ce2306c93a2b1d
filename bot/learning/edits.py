"""Names the kind of an edit by its diff. Pure."""

import re

from theseus_guard import is_test_file
from theseus_guard.unified_diff import FilePatch, parse

_HANDLES = re.compile(r"^\s*(?:try:|except\b|finally:|with suppress\()")
_CHECKS = re.compile(r"^\s*(?:if|elif|assert)\b|\bif .+ else ")
_WAITS = re.compile(r"\bawait\b|\basync\b|\btimeout\b")
_SMALL = 2  # lines


def classify_edit(diff: str) -> str:
    """Return the kind of the edit of code, such as `added condition`; empty without code.

    Tests do not count. The first kind that fits is the name.
    """
    patches = [
        each for each in parse(diff) if each.path.endswith(".py") and not is_test_file(each.path)
    ]
    if not patches:
        return ""
    if len(patches) > 1:
        return "several files"
    return _classify_patch(patches[0])


def _classify_patch(patch: FilePatch) -> str:
    added = [line for line in patch.added_lines if line.strip()]
    removed = [line for line in patch.removed_lines if line.strip()]
    if patch.status == "added":
        return "new file"
    if _count(_HANDLES, added) > _count(_HANDLES, removed):
        return "exception handler"
    if _count(_CHECKS, added) > _count(_CHECKS, removed):
        return "added condition"
    if _count(_WAITS, added) > _count(_WAITS, removed):
        return "added wait"
    if not added:
        return "removed lines"
    if not removed:
        return "added lines"
    if max(len(added), len(removed)) <= _SMALL:
        return "changed expression"
    return "rewritten lines"


def _count(pattern: re.Pattern[str], lines: list[str]) -> int:
    return sum(bool(pattern.search(line)) for line in lines)
