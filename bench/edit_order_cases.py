"""Fixes from public histories that one edit of the search makes, with all edits of that place.

A fix changes at most eight lines of one function of one file, and its message speaks of a fix or it
changes a test too. Equal fixes count once, whichever repository they are from.
"""

import ast
import hashlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from theseus_guard.syntax import parse
from theseus_repair.candidates import propose
from theseus_repair.guidance import is_test
from theseus_repair.localise import localise
from theseus_repair.model import Candidate, Crash, Problem
from theseus_repair.source import FunctionNode, Source, get_header_lines

from bench.edit_features import iterate_features
from bench.edit_order_training import Choice

LINES_AT_MOST = 8
_COMMITS = 3000  # of each repository, the newest
_FILE_AT_MOST = 60_000
_WORDS_AT_MOST = 16  # a fix that changes more words is no single edit
_FIX = re.compile(
    r"\b(fix\w*|bugs?|errors?|crash\w*|wrong\w*|broken|regression|typo|issue)\b", re.I
)
_ERROR = re.compile(r"\b([A-Z]\w*Error|StopIteration|StopAsyncIteration)\b")
_NONE = re.compile(r"'NoneType' object|\bNoneType\b")
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? ")
_WORD = re.compile(r"\w+|[<>=!+\-*/%&|^~@]")


class Fix(NamedTuple):
    """A fix: the file before and after it, and the lines that it changes, as of before."""

    commit: str
    path: str
    before: str
    after: str
    lines: range
    error: str


def iterate_fixes(git: Path, commit: str, limit: int | None = None) -> Iterator[Fix]:
    """Yield the small fixes up to a commit, the newest first."""
    log = _read_git(
        git, "log", f"-n{_COMMITS}", "--no-merges", "--no-color", "--no-ext-diff", "--no-textconv",
        "--no-renames", "-U0", "-p", "--format=%x01%H%x00%B%x02", commit, "--", "*.py",
    )  # fmt: skip
    found = 0
    for part in log.split("\x01")[1:]:
        head, _, diff = part.partition("\x02")
        name, _, message = head.partition("\x00")
        fix = _read_fix(git, name, message, diff)
        if fix is not None:
            yield fix
            found += 1
            if found == limit:
                return


def _read_git(git: Path, *words: str) -> str:
    command = ["git", f"--git-dir={git}", *words]
    done = subprocess.run(command, check=True, capture_output=True)
    return done.stdout.decode("utf-8", "replace")


def _read_fix(git: Path, commit: str, message: str, diff: str) -> Fix | None:
    if diff.count("\n") > 400:
        return None
    files = [each.split("\n", 1) for each in f"\n{diff}".split("\ndiff --git ")[1:]]
    changed = [(names.rpartition(" b/")[2], text) for names, text in files]
    own = [(path, text) for path, text in changed if not is_test(path)]
    tests = [text for path, text in changed if is_test(path)]
    if len(own) != 1 or not (_FIX.search(message) or tests) or "new file mode" in own[0][1]:
        return None
    path, text = own[0]
    lines = [
        line for line in text.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")
    ]
    if not 1 <= len(lines) <= LINES_AT_MOST:
        return None
    hunks = [(int(found[1]), int(found[2] or 1)) for found in _HUNK.finditer(text)]
    first = min(start for start, _ in hunks)
    last = max(start + max(count - 1, 0) for start, count in hunks)
    try:
        before, after = (
            _read_git(git, "show", f"{each}:{path}") for each in (f"{commit}^", commit)
        )
    except subprocess.CalledProcessError:
        return None
    if max(len(before), len(after)) > _FILE_AT_MOST:
        return None
    return Fix(commit, path, before, after, range(first, last + 1), _find_error(message, tests))


def _find_error(message: str, tests: list[str]) -> str:
    """Return the exception that the message or the test names; empty if none or several."""
    for text in (message, "\n".join(tests)):
        named = set(_ERROR.findall(text))
        if not named and _NONE.search(text):
            return "AttributeError"
        if len(named) == 1:
            return str(named.pop())
    return ""


class Place(NamedTuple):
    """The function that a fix changes: its lines and offsets in the old text, and its new code."""

    lines: range
    start: int
    end: int
    fixed: str
    words: Counter[str]


def find_place(fix: Fix) -> Place | None:
    """Return the function that a fix changes, if it changes nothing else."""
    try:
        old, new = parse(fix.before), parse(fix.after)
    except (SyntaxError, ValueError, RecursionError):
        return None
    names = _list_functions(old), _list_functions(new)
    function = _find_function(names[0], fix.lines)
    if function is None:
        return None
    number = next(at for at, each in enumerate(names[0]) if each is function)
    if len(names[0]) != len(names[1]) or names[0][number].name != names[1][number].name:
        return None
    fixed = names[1][number]
    if _dump(function) == _dump(fixed):
        return None
    starts = [0]
    for line in fix.before.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    first = min([function.lineno, *(each.lineno for each in function.decorator_list)])
    last = function.end_lineno or function.lineno
    words = _count_words(ast.unparse(fixed))
    words.subtract(_count_words(ast.unparse(function)))
    changed = Counter({word: count for word, count in words.items() if count})
    if sum(map(abs, changed.values())) > _WORDS_AT_MOST:
        return None
    return Place(range(first, last + 1), starts[first - 1], starts[last], _dump(fixed), changed)


def _list_functions(tree: ast.Module) -> list[FunctionNode]:
    return [node for node in ast.walk(tree) if isinstance(node, FunctionNode)]


def _find_function(functions: list[FunctionNode], lines: range) -> FunctionNode | None:
    """Return the innermost function around lines."""
    around = [
        node
        for node in functions
        if min([node.lineno, *(each.lineno for each in node.decorator_list)]) <= lines[0]
        and lines[-1] <= (node.end_lineno or 0)
    ]
    return max(around, key=lambda node: node.lineno, default=None)


def _count_words(code: str) -> Counter[str]:
    return Counter(_WORD.findall(code))


def _dump(function: ast.AST) -> str:
    return ast.dump(function)


def build_choice(fix: Fix, place: Place) -> Choice | None:
    """Return the edits of a fix's place; None if none of the search's edits makes the fix."""
    near = range(fix.lines.start - 1, fix.lines.stop + 1)
    if not any(is_fix(each, fix, place) for each in _propose(fix, near)):
        return None  # quicker: most fixes are no single edit
    edits = _propose(fix, place.lines)
    right = [at for at, each in enumerate(edits) if is_fix(each, fix, place)]
    return Choice(list(_describe(edits, fix)), right) if right else None


def _propose(fix: Fix, lines: range) -> list[Candidate]:
    """Return the edits of a failure that ran these lines, in today's order."""
    problem = Problem(
        texts={fix.path: fix.before},
        crashes=(Crash(fix.error),),
        coverage={"test": {fix.path: frozenset(lines)}},
        failing=frozenset({"test"}),
    )
    return propose(problem, localise(problem))


def _describe(edits: list[Candidate], fix: Fix) -> Iterator[tuple[float, tuple[str, ...]]]:
    """Yield the rank and the features of each edit."""
    source, crash = Source(fix.path, fix.before), Crash(fix.error)
    statements: dict[int, ast.stmt] = {}
    for node in source.nodes:  # outer ones first: the innermost on a line stays
        if isinstance(node, ast.stmt):
            header = range(node.lineno, get_header_lines(node).stop)
            statements.update(dict.fromkeys(header, node))
    crowds = Counter((statements.get(each.line), each.kind) for each in edits)
    for each in edits:
        statement = statements.get(each.line)
        crowd = crowds[statement, each.kind]
        features = iterate_features(each, fix.before, statement, crowd, crash)
        yield each.rank, tuple(map(sys.intern, features))


def is_fix(candidate: Candidate, fix: Fix, place: Place) -> bool:
    """Return whether an edit leaves the function as the fix left it."""
    words: Counter[str] = Counter()
    for edit in candidate.edits:
        if not place.start <= edit.start <= edit.end <= place.end:
            return False
        words.update(_count_words(edit.text))
        words.subtract(_count_words(fix.before[edit.start : edit.end]))
    if {word: count for word, count in words.items() if count} != place.words:
        return False
    text = fix.before[place.start : place.end]
    for edit in sorted(candidate.edits, key=lambda edit: -edit.start):
        at = edit.start - place.start
        text = text[:at] + edit.text + text[at + edit.end - edit.start :]
    try:
        body = parse(f"if 1:\n{text}" if text[:1] in " \t" else text).body[0]
    except (SyntaxError, ValueError):
        return False
    function = body.body[0] if isinstance(body, ast.If) else body
    return _dump(function) == place.fixed


def hash_fix(fix: Fix, place: Place) -> str:
    """Return a hash of what a fix changes, the same in copies of a repository."""
    return hashlib.sha256((fix.before[place.start : place.end] + place.fixed).encode()).hexdigest()
