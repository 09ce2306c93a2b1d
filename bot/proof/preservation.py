"""Proves that a change preserves everything for people, for other code, and for the tests."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from theseus_guard import is_test_file
from theseus_guard.syntax import parse
from theseus_rehearsal.behaviour import BehaviourDiff
from theseus_rehearsal.behaviour_diff import describe_change

from bot.domain.brief import Brief
from bot.domain.proof import Proof

_EXAMPLES = 6
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class ChangedText(NamedTuple):
    """A file's text with base and with head; `None` if the file does not exist."""

    path: str
    before: str | None
    after: str | None


def build_preserving_proof(
    brief: Brief, found: BehaviourDiff, files: Sequence[ChangedText]
) -> Proof:
    """Return whether answers, public names and tests stay as they are.

    Names in the request may be added, removed and changed. A test may follow a requested rename,
    and may not change otherwise.
    """
    request = f"{brief.request}\n{brief.understood}"
    others = [file for file in files if not is_test_file(file.path)]
    changed = [names for names in map(_compare_names, others) if names.gone or names.new]
    removed = [
        f"{names.path}: {name}"
        for names in changed
        for name in names.gone
        if not _is_mentioned(request, name)
    ]
    renamed = _find_rename(changed, request)
    tests = [
        file.path for file in files if is_test_file(file.path) and not _is_unchanged(file, renamed)
    ]
    against = [*_describe_changes(found), *_format_list("public names change", removed)]
    against += _format_list("tests change", tests)
    summary = f"users see no difference: {found.summary}, same public names, no test changed"
    if not found.answers and not against:
        summary = (
            "no recorded use could be compared: only its tests show that users see no difference"
        )
    return Proof(
        kind="preserving",
        holds=not against,
        summary=f"users would see a difference: {against[0]}" if against else summary,
        details=tuple(against[1:]),
    )


class _Names(NamedTuple):
    """Public names of a file that are gone or have other parameters, and those that are new."""

    path: str
    gone: tuple[str, ...]
    new: tuple[str, ...]


def _compare_names(file: ChangedText) -> _Names:
    old, new = collect_public_names(file.before or ""), collect_public_names(file.after or "")
    if not file.path.endswith(".py"):
        old = new = {}
    removed = sorted(name for name in old if new.get(name) != old[name])
    return _Names(file.path, tuple(removed), tuple(sorted(new.keys() - old.keys())))


def collect_public_names(text: str) -> Mapping[str, str]:
    """Return the public names of a module (`Dice.roll` too) with their parameters.

    A name that is not a function has no parameters. Names with a leading underscore are private.
    """
    try:
        tree = parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found = dict(_iterate_definitions(tree.body))
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{name}": how for name, how in _iterate_definitions(node.body)}
    return {
        name: how
        for name, how in found.items()
        if not any(part.startswith("_") for part in name.split("."))
    }


def _iterate_definitions(body: Sequence[ast.stmt]) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, _FUNCTIONS):
            yield node.name, ast.unparse(node.args)
        elif isinstance(node, ast.ClassDef):
            yield node.name, ""
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = (each for target in targets for each in ast.walk(target))
            yield from ((name.id, "") for name in names if isinstance(name, ast.Name))


def _find_rename(changed: Sequence[_Names], request: str) -> tuple[str, str] | None:
    """Return the only requested rename, as names before and after."""
    removed = {_get_last_part(name) for each in changed for name in each.gone}
    new = {_get_last_part(name) for each in changed for name in each.new}
    pair = removed - new, new - removed
    if not all(len(each) == 1 for each in pair):
        return None
    (old,), (other,) = pair
    return (old, other) if _is_mentioned(request, old) and _is_mentioned(request, other) else None


def _is_unchanged(test: ChangedText, renamed: tuple[str, str] | None) -> bool:
    """Return whether a test changed at most by the rename; new tests count as unchanged."""
    if test.before is None or test.before == test.after:
        return True
    if test.after is None or renamed is None:
        return False
    return re.sub(rf"\b{re.escape(renamed[0])}\b", renamed[1], test.before) == test.after


def _is_mentioned(request: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(_get_last_part(name))}(?!\w)", request) is not None


def _get_last_part(name: str) -> str:
    return name.rpartition(".")[2]


def _describe_changes(found: BehaviourDiff) -> list[str]:
    if found.unplayed:
        return [found.summary]
    if not found.changed:
        return []
    first, *others = dict.fromkeys(map(describe_change, found.changes)) or ("",)
    return [f"{found.summary}: {first}" if first else found.summary, *others][:_EXAMPLES]


def _format_list(what: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    return [f"{what}: {', '.join(f'`{name}`' for name in names[:_EXAMPLES])}{more}"]
