"""Validates models' structured answers against the evidence and the worktree."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TypeVar

from pydantic import ValidationError
from theseus_guard import inspect_path
from theseus_guard.protection import Protection
from theseus_guard.record import Record
from theseus_guard.syntax import parse

from bot.adapters.claude_agent._forms import (
    MAX_PARTS,
    DiagnosisForm,
    PlanForm,
    TestForm,
)
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.ids import shorten_id, slugify
from bot.domain.journal import FailureGroup
from bot.domain.plan import (
    Approach,
    Plan,
    Reproduction,
    Step,
    TestPlan,
    find_split_error,
)
from bot.domain.skill import FOLDER, get_skill_name
from bot.skills import find_name_error

REGRESSIONS = "tests/regressions"
_SHORTEST_SHA = 7
_ID = 8  # characters of a record's short id

IsFile = Callable[[str], bool]
Form = TypeVar("Form", bound=Record)
Explained = TypeVar("Explained", bound=DiagnosisForm)


class Objection(Exception):
    """The fault of an answer, described so that the model can fix it."""


def read(form: type[Form], answer: object) -> Form:
    """Return the answer as a form. Raises `Objection` that names the invalid fields."""
    if answer is None:
        raise Objection("There was no structured answer. Give it in the shape you were asked for.")
    try:
        return form.model_validate(answer)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in error_item['loc']) or 'answer'}: {error_item['msg']}"
            for error_item in error.errors()[:5]
        )
        raise Objection(f"It does not have the shape asked for: {problems}.") from error


def collect_ids(evidence: Evidence) -> frozenset[str]:
    """Return the ids of all journal records and commits in the evidence."""
    groups: Iterable[FailureGroup] = (*evidence.groups, *evidence.nearby)
    records = {record_id for group in groups for record_id in group.record_ids}
    records |= {action.id for action in evidence.timeline}
    return frozenset(records | {suspect.commit.sha for suspect in evidence.suspects})


def resolve_ids(ids: Iterable[str], known: frozenset[str]) -> tuple[str, ...]:
    """Return full ids for full or short ones. Raises `Objection` that names unknown ids."""
    shorts = {shorten_id(known_id): known_id for known_id in known}
    resolved: list[str] = []
    unknown: list[str] = []
    for known_id in ids:
        plain = known_id.strip("` ")
        full = plain if plain in known else shorts.get(plain) or _commit(plain, known)
        (resolved if full else unknown).append(full or known_id)
    if unknown:
        available = ", ".join(
            sorted(
                shorten_id(known_id) if len(known_id) == 26 else known_id[:12] for known_id in known
            )
        )
        raise Objection(
            f"evidence_ids: {', '.join(unknown)} is not in the evidence. There are: {available}."
        )
    return tuple(dict.fromkeys(resolved))


def remove_unknown_ids(form: Explained, evidence: Evidence) -> Explained:
    """Return the answer without ids that are not in the evidence: the rest of it may be right."""
    known, kept = collect_ids(evidence), list[str]()
    for named in form.evidence_ids:
        with suppress(Objection):
            kept += resolve_ids([named], known)
    return form.replace(evidence_ids=tuple(dict.fromkeys(kept)))


def build_diagnosis(
    rules: Diagnosis, form: DiagnosisForm, evidence: Evidence, by: str
) -> Diagnosis:
    """Return the rules' diagnosis with the model's cause in it. Raises `Objection`.

    The evidence ids of the model, if it named any, come first; the records behind the counts
    follow.
    """
    ids = resolve_ids(form.evidence_ids, collect_ids(evidence))
    return rules.replace(
        cause=form.cause,
        confidence=form.confidence,
        evidence_ids=tuple(dict.fromkeys((*ids, *rules.evidence_ids))),
        explained_by=by,
    )


def complete_plan(
    draft: Plan, form: PlanForm, evidence: Evidence, root: Path, protection: Protection, by: str
) -> Plan:
    """Return the draft with the model's plan; the draft's tests stay. Raises `Objection`."""
    steps = tuple(
        Step(
            summary=step.summary,
            owned_files=tuple(check_ownable(file, root, protection) for file in step.owned_files),
            part=step.part,
        )
        for step in form.steps
    )
    plan = draft.replace(
        problem=form.problem,
        solution=form.solution,
        steps=steps,
        approaches=_build_approaches(form),
        risk=form.risk,
        impact=form.impact,
        tests=TestPlan.model_validate(form.tests.model_dump()),
        compatibility=form.compatibility,
        verification=form.verification,
        rollback=form.rollback,
        evidence_ids=resolve_ids(form.evidence_ids, collect_ids(evidence))
        or _list_failure_ids(evidence),
        written_by=by,
        max_files=protection.max_owned_files,
        max_lines=protection.max_changed_lines,
    )
    check_plan_size(len(plan.owned_files), protection)
    check_parts(plan)
    return plan


def _list_failure_ids(evidence: Evidence) -> tuple[str, ...]:
    return evidence.groups[0].action_ids if evidence.groups else ()


def check_plan_size(count: int, protection: Protection) -> None:
    """Raise `Objection` if a plan owns more files than the configuration allows."""
    if count > protection.max_owned_files:
        raise Objection(
            f"steps: {count} owned files; at most {protection.max_owned_files}. Plan a smaller "
            "change."
        )


def check_parts(plan: Plan) -> None:
    """Raise `Objection` if a plan cannot be written in its parts."""
    if len(plan.parts) > MAX_PARTS:
        raise Objection(f"steps: {len(plan.parts)} parts; at most {MAX_PARTS}.")
    if error := find_split_error(plan):
        raise Objection(f"steps: {error}.")


def _build_approaches(form: PlanForm) -> tuple[Approach, ...]:
    """Return the plan's approaches; a single one is the plan itself. Raises `Objection`."""
    names = [" ".join(each.name.split()) for each in form.approaches]
    if len(set(names)) != len(names):
        raise Objection("approaches: two have one name. Name each by what sets it apart.")
    if len(names) < 2:
        return ()
    pairs = zip(names, form.approaches, strict=True)
    return tuple(Approach(name=name, summary=each.summary) for name, each in pairs)


def check_ownable(file: str, root: Path, protection: Protection) -> str:
    """Return the path of a file that a run may change, from the root. Raises `Objection`."""
    path = PurePosixPath(file.strip().removeprefix("./"))
    name, location = str(path), root.resolve() / path
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in file:
        raise Objection(f"owned_files: `{file}` is not a path inside the repository.")
    blocking = [finding for finding in inspect_path(name, protection) if finding.blocking]
    if blocking:
        raise Objection(f"owned_files: `{name}`: {blocking[0].message} Mend it elsewhere.")
    if not location.resolve().is_relative_to(root.resolve()) or location.is_symlink():
        raise Objection(f"owned_files: `{name}` leads out of the repository.")
    if location.is_dir():
        raise Objection(f"owned_files: `{name}` is a folder; name the files in it.")
    if (
        not location.is_file()
        and not _has_sibling_files(location)
        and not _can_start_folder(name, root)
    ):
        raise Objection(
            f"owned_files: `{name}` does not exist, and there is no such folder to make it in."
        )
    return name


def build_reproduction(form: TestForm, *, is_taken: IsFile) -> Reproduction:
    """Return the model's test as a reproduction. Raises `Objection`."""
    try:
        tree = parse(form.source)
    except (SyntaxError, ValueError) as error:
        raise Objection(f"test.source is not Python: {error}.") from error
    tests = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]
    if len(tests) != 1:
        raise Objection(f"test.source: one test function is wanted, there are {len(tests)}.")
    path = next(path for path in _iterate_paths(form.name) if not is_taken(path))
    return Reproduction(
        path=path,
        node_id=f"{path}::{tests[0]}",
        source=form.source.rstrip() + "\n",
        calls=" ".join(form.calls.split()),
        expects=form.expects.rpartition(".")[2],
    )


def _iterate_paths(name: str) -> Iterator[str]:
    stem = slugify(name, limit=40).replace("-", "_").removeprefix("test_") or "failure"
    yield f"{REGRESSIONS}/test_{stem}.py"
    for number in range(2, 10_000):
        yield f"{REGRESSIONS}/test_{stem}_{number}.py"


def _commit(text: str, known: frozenset[str]) -> str | None:
    if not re.fullmatch(rf"[0-9a-f]{{{_SHORTEST_SHA},40}}", text):
        return None
    matches = [
        candidate for candidate in known if candidate.startswith(text) and len(candidate) == 40
    ]
    return matches[0] if len(matches) == 1 else None


def _can_start_folder(name: str, root: Path) -> bool:
    """Return whether a file may be created in a new folder: only a file of a skill may."""
    skill = get_skill_name(name)
    return bool(skill) and not find_name_error(skill) and (root / FOLDER).parent.is_dir()


def _has_sibling_files(place: Path) -> bool:
    folder = place.parent
    return folder.is_dir() and any(entry.is_file() for entry in folder.iterdir())
