"""Describes an edit in a few words, so that histories can teach which edits are likely fixes."""

import ast
import re
from collections.abc import Iterator

from theseus_repair.model import Candidate, Crash

_TOKEN = re.compile(r"[^\W\d]\w*|\d[\w.]*|\S")
_STATEMENT = re.compile(
    r"\s*(if|elif|else|return|raise|await|for|while|with|try|except|import|from|continue|break|del"
    r"|yield)\b"
)
_TEXT = re.compile(r"[bfruBFRU]{0,2}['\"]")
_DECLARED = {"True", "False", "None"}
_OPERATORS = {"and", "or", "not", "in", "is"}
_MOST_CROWD = 8
# Each group has enough fixes to learn from.
ERROR_GROUPS = {
    "AttributeError": "AttributeError", "KeyError": "KeyError", "IndexError": "IndexError",
    "TypeError": "TypeError", "ValueError": "ValueError", "NameError": "NameError",
    "UnboundLocalError": "NameError", "ZeroDivisionError": "ArithmeticError",
    "OverflowError": "ArithmeticError", "AssertionError": "AssertionError",
    "Failed": "AssertionError",
}  # fmt: skip


def iterate_features(
    candidate: Candidate, text: str, statement: ast.stmt | None, crowd: int, crash: Crash
) -> Iterator[str]:
    """Yield the features of an edit of a file's text.

    `crowd` is how many edits of its kind the statement has.
    """
    kind = candidate.kind
    shape = describe_shape(candidate, text)
    yield f"kind {kind}"
    yield f"kind {kind} in {type(statement).__name__}"
    yield f"shape {shape}"
    yield f"shape {shape} as {kind}"
    yield f"crowd {min(crowd.bit_length(), _MOST_CROWD)}"
    yield f"edits {min(len(candidate.edits), 3)}"
    group = find_group(crash)
    if group:
        yield f"error {group} kind {kind}"
        yield f"error {group} shape {shape}"


def find_group(crash: Crash) -> str:
    """Return the group of an exception; empty if it has none."""
    names = (crash.error, *crash.bases)
    return next((ERROR_GROUPS[name] for name in names if name in ERROR_GROUPS), "")


def describe_shape(candidate: Candidate, text: str) -> str:
    """Return what an edit does to the text, in a few words: `name to name`, `insert if`."""
    edit = candidate.edits[0]
    old, new = text[edit.start : edit.end], edit.text
    if not old.strip():
        line = _STATEMENT.match(new)
        return f"insert {line[1]}" if line else "insert line" if "\n" in new else "insert part"
    if not new.strip():
        return "remove line" if "\n" in old else "remove part"
    before, after = _classify(old), _classify(new)
    if before == after == "code":
        return f"code {_compare(old, new)}"
    return f"{before} to {after}"


def _compare(old: str, new: str) -> str:
    """Return how two pieces of code differ, by their tokens."""
    if old in new:
        wrapped = new.index(old) > 0
        return "into call" if wrapped and new.endswith(")") else "longer"
    if new in old:
        return "shorter"
    was, now = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(was) == len(now):
        changed = [pair for pair in zip(was, now, strict=True) if pair[0] != pair[1]]
        if len(changed) == 1:
            return f"one {_classify(changed[0][0])} to {_classify(changed[0][1])}"
        return "swapped" if sorted(was) == sorted(now) else "replaced"
    return "more" if len(now) > len(was) else "less"


def _classify(code: str) -> str:
    code = code.strip()
    if _TEXT.match(code):
        return "text"
    if code in _DECLARED:
        return code
    if code in _OPERATORS:
        return "word"
    if code.isidentifier():
        return "name"
    if code.replace(".", "").replace("-", "", 1).isdigit():
        return "number"
    if code.replace(".", "").replace("_", "a").isidentifier():
        return "attribute"
    return "code" if any(map(str.isalnum, code)) else "operator"
