"""That a change leaves everything as it is for people, for other code, and for the tests."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from bot.domain.behaviour import BehaviourDiff
from bot.domain.brief import Brief
from bot.domain.proof import Proof
from bot.guards import is_test_file
from bot.infra.syntax import parse
from bot.proof.behaviour_diff import describe_change

_EXAMPLES = 6
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class ChangedText(NamedTuple):
    """A file's text with base and with head; `None` where it is not there."""

    path: str
    before: str | None
    after: str | None


def build_preserving_proof(
    brief: Brief, found: BehaviourDiff, files: Sequence[ChangedText]
) -> Proof:
    """Return whether answers, public names and tests stay as they are.

    Names that stand in what was asked for may come, go and change. A test may follow a name that
    was asked to be another, and change in nothing else.
    """
    said = f"{brief.request}\n{brief.understood}"
    others = [each for each in files if not is_test_file(each.path)]
    changed = [each for each in map(_compare_names, others) if each.gone or each.new]
    gone = [
        f"{each.path}: {name}"
        for each in changed
        for name in each.gone
        if not _is_mentioned(said, name)
    ]
    renamed = _find_rename(changed, said)
    tests = [
        each.path for each in files if is_test_file(each.path) and not _is_unchanged(each, renamed)
    ]
    against = [*_describe_changes(found), *_format_list("public names change", gone)]
    against += _format_list("tests change", tests)
    told = f"nobody notices: {found.summary}, the same public names, no test changed"
    if not found.answers and not against:
        told = "nothing of it was recorded to be compared: only its tests say that nobody notices"
    return Proof(
        kind="preserving",
        holds=not against,
        summary=f"somebody would notice: {against[0]}" if against else told,
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
    gone = sorted(name for name in old if new.get(name) != old[name])
    return _Names(file.path, tuple(gone), tuple(sorted(new.keys() - old.keys())))


def collect_public_names(text: str) -> Mapping[str, str]:
    """Return what other code may use of a module: names (`Dice.roll` too) to their parameters.

    What is no function has none; what begins with an underscore is nobody else's.
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
            yield from ((each.id, "") for each in names if isinstance(each, ast.Name))


def _find_rename(changed: Sequence[_Names], request: str) -> tuple[str, str] | None:
    """Return the one name that was asked to be another, before and after."""
    gone = {_get_last_part(name) for each in changed for name in each.gone}
    new = {_get_last_part(name) for each in changed for name in each.new}
    pair = gone - new, new - gone
    if not all(len(each) == 1 for each in pair):
        return None
    (old,), (other,) = pair
    return (old, other) if _is_mentioned(request, old) and _is_mentioned(request, other) else None


def _is_unchanged(test: ChangedText, renamed: tuple[str, str] | None) -> bool:
    """Whether a test is what it was, but for the name; new tests take nothing away."""
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
