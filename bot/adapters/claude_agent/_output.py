"""What models answer in a fixed shape, and whether it holds against records and worktree."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Literal, TypeVar

from pydantic import Field, ValidationError

from bot.domain.checks import Protection
from bot.domain.diff_guard import about_path
from bot.domain.evidence import Diagnosis, Evidence
from bot.domain.ids import short_id, slug
from bot.domain.journal import FailureGroup
from bot.domain.plan import Plan, Reproduction, Risk, Step, TestPlan
from bot.domain.record import Record

MAX_OWNED = 8
REGRESSIONS = "tests/regressions"
_TEST_CHARS = 6_000
_SHORTEST_SHA = 7
_ID = 8  # characters of a record's short id

IsFile = Callable[[str], bool]
Form = TypeVar("Form", bound=Record)


class Objection(Exception):
    """What is wrong with an answer, in words the model can act on."""


class DiagnosisForm(Record):
    """What is wrong, and why."""

    cause: str = Field(
        min_length=20,
        max_length=1_500,
        description="Why it fails: the line, the values that make it fail there, and what brought "
        "them there. Plain sentences a person reads on a card. No guess told as a fact.",
    )
    confidence: Literal["low", "medium", "high"] = Field(
        description="high: you followed the failing values through the source. medium: it fits all "
        "of the evidence, a step is assumed. low: it is the likeliest of several."
    )
    evidence_ids: tuple[str, ...] = Field(
        max_length=12,
        description="Record ids and commits of the evidence this rests on, as they stand there.",
    )


class StepForm(Record):
    """One step."""

    summary: str = Field(min_length=5, max_length=400, description="What to change, and how.")
    owned_files: tuple[str, ...] = Field(
        min_length=1,
        max_length=MAX_OWNED,
        description="Files this step may change or make; paths from the repository's root.",
    )


class TestForm(Record):
    """A test that fails on the code as it is."""

    __test__ = False

    name: str = Field(
        min_length=3, max_length=60, description="Two to five words, such as `roll of zero dice`."
    )
    source: str = Field(
        min_length=20,
        max_length=_TEST_CHARS,
        description="A whole pytest module with one test function, formatted and typed as the "
        "repository's own tests are. It makes the failing call plainly, without pytest.raises.",
    )
    calls: str = Field(
        min_length=3, max_length=120, description="The call for people: `face(6, 6)`."
    )
    expects: str = Field(
        pattern=r"^[A-Za-z_][\w.]*$",
        max_length=120,
        description="The exception it fails with today, as Python names it: `IndexError`.",
    )


class TestPlanForm(Record):
    """How the change is proved. Empty where that kind of test has no place."""

    __test__ = False

    unit: str = Field(max_length=500)
    integration: str = Field(max_length=500)
    performance: str = Field(max_length=500)
    user_experience: str = Field(max_length=500)


class PlanForm(DiagnosisForm):
    """What is wrong, and what is to be done."""

    problem: str = Field(
        min_length=20, max_length=1_500, description="What people meet, and what has to hold."
    )
    solution: str = Field(
        min_length=20,
        max_length=2_000,
        description="The design of the mend: where, what changes, why there and not elsewhere.",
    )
    steps: tuple[StepForm, ...] = Field(min_length=1, max_length=8)
    risk: Risk = Field(
        description="low: a few lines, covered by tests. medium: several callers. high: data, "
        "concurrency or start-up. security: who may do what, secrets, input from strangers."
    )
    impact: str = Field(max_length=600, description="Who notices the change, and what.")
    tests: TestPlanForm
    compatibility: str = Field(
        min_length=5,
        max_length=600,
        description="Flags, migrations, API and configuration; say so where there is nothing.",
    )
    verification: str = Field(
        min_length=5, max_length=600, description="How people see that it holds once it is live."
    )
    rollback: str = Field(min_length=5, max_length=600, description="How it is undone.")
    test: TestForm | None = Field(
        default=None, description="Only where you are told that there is no failing test yet."
    )


class ReviewProblem(Record):
    """One thing that has to change before the checks."""

    file: str = Field(max_length=300)
    what: str = Field(min_length=5, max_length=800, description="What has to change.")
    why: str = Field(min_length=5, max_length=800, description="What goes wrong otherwise.")


class Review(Record):
    """A reviewer's word on one diff."""

    approve: bool
    problems: tuple[ReviewProblem, ...] = Field(
        default=(), max_length=8, description="Empty where you approve."
    )
    summary: str = Field(
        min_length=5, max_length=600, description="One or two sentences for people."
    )


def schema(form: type[Record]) -> dict[str, object]:
    """Return a form's JSON schema, without references, as the program takes it."""
    raw = form.model_json_schema()
    definitions = raw.pop("$defs", {})
    inlined = _inlined(raw, definitions)
    if not isinstance(inlined, dict):
        raise TypeError(f"{form.__name__} has no object schema")
    return inlined


def read(form: type[Form], answer: object) -> Form:
    """Return the answer as a form. Raises `Objection` that says which part does not fit."""
    if answer is None:
        raise Objection("There was no structured answer. Give it in the shape you were asked for.")
    try:
        return form.model_validate(answer)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(str(part) for part in each['loc']) or 'answer'}: {each['msg']}"
            for each in error.errors()[:5]
        )
        raise Objection(f"It does not have the shape asked for: {problems}.") from error


def known_ids(evidence: Evidence) -> frozenset[str]:
    """Return the ids of every journal record and commit in the evidence."""
    groups: Iterable[FailureGroup] = (*evidence.groups, *evidence.nearby)
    records = {each for group in groups for each in (group.newest.id, *group.action_ids)}
    records |= {action.id for action in evidence.timeline}
    return frozenset(records | {suspect.commit.sha for suspect in evidence.suspects})


def resolved(ids: Iterable[str], known: frozenset[str]) -> tuple[str, ...]:
    """Return full ids for full or short ones. Raises `Objection` naming those not there."""
    shorts = {short_id(each): each for each in known}
    found: list[str] = []
    unknown: list[str] = []
    for each in ids:
        plain = each.strip("` ")
        full = plain if plain in known else shorts.get(plain) or _commit(plain, known)
        (found if full else unknown).append(full or each)
    if unknown:
        there = ", ".join(
            sorted(short_id(each) if len(each) == 26 else each[:12] for each in known)
        )
        raise Objection(
            f"evidence_ids: {', '.join(unknown)} is not in the evidence. There are: {there}."
        )
    return tuple(dict.fromkeys(found))


def explained(rules: Diagnosis, form: DiagnosisForm, evidence: Evidence, by: str) -> Diagnosis:
    """Return the rules' facts with the model's words. Raises `Objection`."""
    ids = resolved(form.evidence_ids, known_ids(evidence))
    if rules.evidence_ids and not ids:
        raise Objection("evidence_ids: name at least one record or commit it rests on.")
    return rules.but(
        cause=form.cause, confidence=form.confidence, evidence_ids=ids, explained_by=by
    )


def planned(
    draft: Plan, form: PlanForm, evidence: Evidence, root: Path, protection: Protection, by: str
) -> Plan:
    """Return the draft with the model's plan in it; what proves it stays. Raises `Objection`."""
    steps = tuple(
        Step(
            summary=step.summary,
            owned_files=tuple(ownable(file, root, protection) for file in step.owned_files),
        )
        for step in form.steps
    )
    plan = draft.but(
        problem=form.problem,
        solution=form.solution,
        steps=steps,
        risk=form.risk,
        impact=form.impact,
        tests=TestPlan.model_validate(form.tests.model_dump()),
        compatibility=form.compatibility,
        verification=form.verification,
        rollback=form.rollback,
        evidence_ids=resolved(form.evidence_ids, known_ids(evidence)),
        written_by=by,
    )
    if len(plan.owned_files) > MAX_OWNED:
        raise Objection(
            f"steps: {len(plan.owned_files)} owned files; at most {MAX_OWNED}. Plan a smaller "
            "change."
        )
    return plan


def ownable(file: str, root: Path, protection: Protection) -> str:
    """Return the path of a file a run may change, from the root. Raises `Objection`."""
    path = PurePosixPath(file.strip().removeprefix("./"))
    name, place = str(path), root.resolve() / path
    if not path.parts or path.is_absolute() or ".." in path.parts or "\\" in file:
        raise Objection(f"owned_files: `{file}` is not a path inside the repository.")
    against = [finding for finding in about_path(name, protection) if finding.blocking]
    if against:
        raise Objection(f"owned_files: `{name}`: {against[0].message} Mend it elsewhere.")
    if not place.resolve().is_relative_to(root.resolve()) or place.is_symlink():
        raise Objection(f"owned_files: `{name}` leads out of the repository.")
    if place.is_dir():
        raise Objection(f"owned_files: `{name}` is a folder; name the files in it.")
    if not place.is_file() and not _beside_files(place):
        raise Objection(
            f"owned_files: `{name}` does not exist, and there is no such folder to make it in."
        )
    return name


def reproduction(form: TestForm, *, taken: IsFile) -> Reproduction:
    """Return the model's test as a file of ours. Raises `Objection`."""
    try:
        tree = ast.parse(form.source)
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
    path = next(path for path in _paths(form.name) if not taken(path))
    return Reproduction(
        path=path,
        node_id=f"{path}::{tests[0]}",
        source=form.source.rstrip() + "\n",
        calls=" ".join(form.calls.split()),
        expects=form.expects.rpartition(".")[2],
    )


def _paths(name: str) -> Iterator[str]:
    stem = slug(name, limit=40).replace("-", "_").removeprefix("test_") or "failure"
    yield f"{REGRESSIONS}/test_{stem}.py"
    for number in range(2, 10_000):
        yield f"{REGRESSIONS}/test_{stem}_{number}.py"


def _commit(text: str, known: frozenset[str]) -> str | None:
    if not re.fullmatch(rf"[0-9a-f]{{{_SHORTEST_SHA},40}}", text):
        return None
    fitting = [each for each in known if each.startswith(text) and len(each) == 40]
    return fitting[0] if len(fitting) == 1 else None


def _beside_files(place: Path) -> bool:
    folder = place.parent
    return folder.is_dir() and any(each.is_file() for each in folder.iterdir())


def _inlined(node: object, definitions: Mapping[str, object]) -> object:
    if isinstance(node, list):
        return [_inlined(each, definitions) for each in node]
    if not isinstance(node, dict):
        return node
    if isinstance(reference := node.get("$ref"), str):
        return _inlined(definitions[reference.rpartition("/")[2]], definitions)
    return {
        key: _inlined(value, definitions)
        for key, value in node.items()
        if key != "title" or not isinstance(value, str)  # pydantic's names say nothing new
    }
