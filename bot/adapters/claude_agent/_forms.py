"""The schemas of models' answers. Models read the description of each field."""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.plan import NO_COMPATIBILITY_IMPACT, Risk

MAX_OWNED_FILES = 40  # whatever is configured
MAX_APPROACHES = 4
MAX_PARTS = 4
TEST_CHARS = 6_000


class DiagnosisForm(Record):
    """The cause of a failure."""

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
        default=(),
        max_length=12,
        description="Record ids and commits of the evidence this rests on, copied exactly. If "
        "you name none, our program names the records of the failure.",
    )


class StepForm(Record):
    """One step of a plan."""

    summary: str = Field(min_length=5, max_length=400, description="What to change, and how.")
    owned_files: tuple[str, ...] = Field(
        min_length=1,
        max_length=MAX_OWNED_FILES,
        description="Files this step may change or make; paths from the repository's root.",
    )


class PartStepForm(StepForm):
    """One step of a change that may consist of several parts."""

    part: str = Field(
        default="",
        max_length=24,
        pattern=r"^[a-z0-9-]*$",
        description="Only where the work falls into two to four parts that need nothing of each "
        "other, with no file in common: the part's name, `coinflip`, for each step. They are "
        "written side by side.",
    )


class ApproachForm(Record):
    """One of several causes or ways of a fix."""

    name: str = Field(min_length=3, max_length=60, description="Two to five words.")
    summary: str = Field(
        min_length=20,
        max_length=800,
        description="The cause it assumes or the way it goes, and what to change where: enough to "
        "carry it out with the plan's steps, and what sets it apart from the others.",
    )


class TestForm(Record):
    """A test that fails on the current code."""

    __test__ = False

    name: str = Field(
        min_length=3, max_length=60, description="Two to five words, such as `roll of zero dice`."
    )
    source: str = Field(
        min_length=20,
        max_length=TEST_CHARS,
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
    """How the change is proved. A kind of test that does not apply is left out."""

    __test__ = False

    unit: str = Field(default="", max_length=500)
    integration: str = Field(default="", max_length=500)
    performance: str = Field(default="", max_length=500)
    user_experience: str = Field(default="", max_length=500)


class PlanForm(DiagnosisForm):
    """The cause of a failure, and the plan to fix it."""

    problem: str = Field(
        min_length=20, max_length=1_500, description="What people meet, and what has to hold."
    )
    solution: str = Field(
        min_length=20,
        max_length=2_000,
        description="The design of the mend: where, what changes, why there and not elsewhere.",
    )
    steps: tuple[PartStepForm, ...] = Field(min_length=1, max_length=8)
    approaches: tuple[ApproachForm, ...] = Field(
        default=(),
        max_length=MAX_APPROACHES,
        description="Empty for nearly all faults. Only where you have read the source and several "
        "causes or ways remain about equally likely: two or more, the best first. Each is written "
        "and judged at the full price of a fix.",
    )
    risk: Risk = Field(
        description="low: a few lines, covered by tests. medium: several callers. high: data, "
        "concurrency or start-up. security: who may do what, secrets, input from strangers."
    )
    impact: str = Field(default="", max_length=600, description="Who notices the change, and what.")
    tests: TestPlanForm = TestPlanForm()
    compatibility: str = Field(
        default=NO_COMPATIBILITY_IMPACT,
        max_length=600,
        description="Flags, migrations, API and configuration; leave it out where there is none.",
    )
    verification: str = Field(
        default="",
        max_length=600,
        description="How people see that it holds once it is live, where that is not plain.",
    )
    rollback: str = Field(
        default="Revert the merge.",
        max_length=600,
        description="How it is undone, where reverting the commit is not all.",
    )
    test: TestForm | None = Field(
        default=None, description="Only where you are told that there is no failing test yet."
    )


class ReviewProblem(Record):
    """One problem that must be fixed before a person decides."""

    file: str = Field(max_length=300)
    what: str = Field(min_length=5, max_length=800, description="What has to change.")
    why: str = Field(min_length=5, max_length=800, description="What goes wrong otherwise.")


class ReviewForm(Record):
    """A reviewer's verdict on one diff."""

    approve: bool
    problems: tuple[ReviewProblem, ...] = Field(
        default=(), max_length=8, description="Empty where you approve."
    )
    summary: str = Field(
        min_length=5, max_length=600, description="One or two sentences for people."
    )


def build_schema(form: type[Record]) -> dict[str, object]:
    """Return a form's JSON schema without references, as the program requires it."""
    raw = form.model_json_schema()
    definitions = raw.pop("$defs", {})
    inlined = _inline_references(raw, definitions)
    if not isinstance(inlined, dict):
        raise TypeError(f"{form.__name__} has no object schema")
    return inlined


def _inline_references(node: object, definitions: Mapping[str, object]) -> object:
    if isinstance(node, list):
        return [_inline_references(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if isinstance(reference := node.get("$ref"), str):
        return _inline_references(definitions[reference.rpartition("/")[2]], definitions)
    return {
        key: _inline_references(value, definitions)
        for key, value in node.items()
        if key != "title" or not isinstance(value, str)  # pydantic generates these titles
    }
