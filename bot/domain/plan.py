"""The plan: what will change, why, at what risk, and how it is proved and reverted."""

from collections.abc import Container
from typing import Literal, Self

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.replay import Replay

Risk = Literal["low", "medium", "high", "security"]

NO_COMPATIBILITY_IMPACT = "No flag, migration, API or configuration change."
"""The plan's text about compatibility if there is no impact."""


class Reproduction(Record):
    """A test that shows the fault: it fails on base and passes on a fixed head.

    `path` is relative to the repository's root. The file is written by us, never by the engine.
    """

    path: str
    node_id: str
    source: str
    calls: str = Field(description="the call as people read it: `face(6, 6)` or `/roll 2d6`")
    expects: str = Field(description="what happens on base: `IndexError`")
    target: str = Field(default="", description="what it calls: `cogs/dice.py::face`")
    refusals: tuple[str, ...] = Field(
        default=(), description="exceptions that a caller shows to people: `dice.NotationError`"
    )
    answered: bool = Field(default=False, description="whether it must return a known answer")


class AffectedTests(Record):
    """Test files that reach the changed files, nearest first, and how base runs tests.

    `options` are the pytest options of base's configured check: `-m "not slow"`.
    """

    files: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


class Step(Record):
    """One implementation step and the files it may change.

    `part` names the part of the work that contains the step, if there are several parts.
    """

    summary: str
    owned_files: tuple[str, ...]
    part: str = ""

    def remove_files(self, files: Container[str]) -> Self:
        """Return the step without these files."""
        return self.replace(
            owned_files=tuple(file for file in self.owned_files if file not in files)
        )


class PlanPart(Record):
    """Steps that can be written in parallel with other parts: no other part owns their files."""

    name: str
    steps: tuple[Step, ...]

    @property
    def owned_files(self) -> frozenset[str]:
        """All files that its steps may change."""
        return frozenset(file for step in self.steps for file in step.owned_files)


class Approach(Record):
    """One of several causes or ways of a fix, each of which a candidate tries."""

    name: str
    summary: str


class TestPlan(Record):
    """How the change is proved, by kind of test."""

    __test__ = False

    unit: str = ""
    integration: str = ""
    performance: str = ""
    user_experience: str = ""


class OpinionDifference(Record):
    """Something about which two planners do not say the same."""

    about: str
    first: str
    second: str


class SecondOpinion(Record):
    """Where another planner, asked the same, differs from the plan; `failure` if it gave none."""

    author: str
    differences: tuple[OpinionDifference, ...] = ()
    failure: str = ""


class Plan(Record):
    """What will be done, and how it is proved. An engine may change only the owned files."""

    problem: str
    solution: str
    steps: tuple[Step, ...] = Field(min_length=1)
    approaches: tuple[Approach, ...] = Field(
        default=(), description="causes or ways that are about equally likely, if there are several"
    )
    risk: Risk = "low"
    impact: str = ""
    tests: TestPlan = TestPlan()
    compatibility: str = NO_COMPATIBILITY_IMPACT
    verification: str = ""
    rollback: str = ""
    reproduction: Reproduction | None = None
    witnesses: tuple[Reproduction, ...] = Field(
        default=(), description="the same failure from frames further out; they fail on base too"
    )
    guides: tuple[Reproduction, ...] = Field(
        default=(),
        description="similar failing calls, if a replay decides: help for the engine, no proof",
    )
    replay: Replay | None = Field(
        default=None, description="the failing interaction; its replay fails on base"
    )
    unplayed: str = Field(
        default="", description="why the failing interaction could not be replayed, if it could not"
    )
    affected: AffectedTests = AffectedTests()
    evidence_ids: tuple[str, ...] = Field(
        default=(), description="ids of the journal records and commits it is based on"
    )
    lessons: tuple[str, ...] = Field(
        default=(), description="what has worked for such faults, counted over earlier runs"
    )
    edit_factors: dict[str, float] = Field(
        default_factory=dict,
        description="by how much the search favours kinds of edit; `lessons` has the reasons",
    )
    written_by: str = Field(
        default="", description="the planner model; empty if written by rules alone"
    )
    max_files: int = Field(
        default=0, ge=0, description="files that it might own, as configured then; 0: unknown"
    )
    max_lines: int = Field(
        default=0, ge=0, description="lines that may change, as configured then; 0: unknown"
    )
    second_opinion: SecondOpinion | None = Field(
        default=None, description="of another planner, if the risk is high and one is configured"
    )

    @property
    def reproductions(self) -> tuple[Reproduction, ...]:
        """All tests that must pass. Silencing only the innermost frame does not pass them."""
        return (self.reproduction, *self.witnesses) if self.reproduction else ()

    @property
    def judged_by(self) -> tuple[Reproduction, ...]:
        """The tests that judge edits while they are written: the reproductions, else the guides."""
        return self.reproductions or self.guides

    @property
    def replay_proof(self) -> Replay | None:
        """The replay, if replays on this machine are the proof instead of a test."""
        return self.replay if self.replay and not self.replay.written else None

    @property
    def demonstration(self) -> tuple[str, str] | None:
        """The call that shows the fault and how it ends on base, as people read them, or `None`."""
        if self.replay_proof is not None:
            return self.replay_proof.asked, self.replay_proof.ends
        return (self.reproduction.calls, self.reproduction.expects) if self.reproduction else None

    @property
    def parts(self) -> tuple[PlanPart, ...]:
        """The parts in the order they are joined; empty if the plan is one piece."""
        steps: dict[str, tuple[Step, ...]] = {}
        for step in self.steps:
            if step.part:
                steps[step.part] = (*steps.get(step.part, ()), step)
        found = tuple(PlanPart(name=name, steps=own) for name, own in steps.items())
        return found if len(found) > 1 else ()

    @property
    def owned_files(self) -> frozenset[str]:
        """All files that its steps may change."""
        return frozenset(file for step in self.steps for file in step.owned_files)


def find_split_error(plan: Plan) -> str:
    """Return why a plan cannot be written in its parts; empty if it can, or has no parts."""
    if not plan.parts:
        return ""
    unassigned = next((step.summary for step in plan.steps if not step.part), "")
    if unassigned:
        return f"“{unassigned}” has no part but other steps do: name one for each step, or for none"
    owners = [(file, part.name) for part in plan.parts for file in sorted(part.owned_files)]
    for number, (file, name) in enumerate(owners):
        other = next((owner for known, owner in owners[:number] if known == file), None)
        if other is not None:
            return (
                f"`{file}` is owned by the parts {other} and {name}: only one part may own a file"
            )
    return ""
