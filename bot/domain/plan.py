"""The plan: what will change, why, at what risk, and how it is proved and undone."""

from collections.abc import Container
from typing import Literal, Self

from pydantic import Field

from bot.domain.record import Record
from bot.domain.replay import Replay

Risk = Literal["low", "medium", "high", "security"]

NO_COMPATIBILITY_IMPACT = "No flag, migration, API or configuration change."
"""What a plan says of compatibility where there is nothing to say."""


class Reproduction(Record):
    """A test that shows the fault: red on base, green on a fixed head.

    `path` is relative to the repository's root; the file is written by us, never by the engine.
    """

    path: str
    node_id: str
    source: str
    calls: str = Field(description="what it does, for people: `face(6, 6)` or `/roll 2d6`")
    expects: str = Field(description="what happens on base: `IndexError`")
    target: str = Field(default="", description="what it calls: `cogs/dice.py::face`")
    refusals: tuple[str, ...] = Field(
        default=(), description="exceptions a caller answers people with: `dice.NotationError`"
    )
    answered: bool = Field(default=False, description="whether it is held to a known answer")


class AffectedTests(Record):
    """Test files that reach the changed files, nearest first, and how base runs tests.

    `options` are pytest's, taken from base's configured check: `-m "not slow"`.
    """

    files: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


class Step(Record):
    """One implementation step and the files it may change.

    `part` names the part of the work that it belongs to, where that falls into several.
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
    """Steps that can be written beside the others: no other part owns a file of theirs."""

    name: str
    steps: tuple[Step, ...]

    @property
    def owned_files(self) -> frozenset[str]:
        """Every file any of its steps may change."""
        return frozenset(file for step in self.steps for file in step.owned_files)


class TestPlan(Record):
    """How the change is proved, by kind of test."""

    __test__ = False

    unit: str = ""
    integration: str = ""
    performance: str = ""
    user_experience: str = ""


class Plan(Record):
    """What is to be done, and how it is proved. An engine may change only the owned files."""

    problem: str
    solution: str
    steps: tuple[Step, ...] = Field(min_length=1)
    risk: Risk = "low"
    impact: str = ""
    tests: TestPlan = TestPlan()
    compatibility: str = NO_COMPATIBILITY_IMPACT
    verification: str = ""
    rollback: str = ""
    reproduction: Reproduction | None = None
    witnesses: tuple[Reproduction, ...] = Field(
        default=(), description="the same failure, seen from frames further out; red on base too"
    )
    guides: tuple[Reproduction, ...] = Field(
        default=(), description="calls that fail so too, where a replay decides: a help, no proof"
    )
    replay: Replay | None = Field(
        default=None, description="the failing interaction, red on base by plays"
    )
    unplayed: str = Field(
        default="", description="why the failing interaction could not be played, where it was one"
    )
    affected: AffectedTests = AffectedTests()
    evidence_ids: tuple[str, ...] = Field(
        default=(), description="ids of journal records and commits it rests on"
    )
    written_by: str = Field(default="", description="the planner model; empty: rules alone")

    @property
    def reproductions(self) -> tuple[Reproduction, ...]:
        """Every test that must turn green; quieting the innermost frame alone does not."""
        return (self.reproduction, *self.witnesses) if self.reproduction else ()

    @property
    def judged_by(self) -> tuple[Reproduction, ...]:
        """The tests that edits can be judged by while they are written; at least the guides."""
        return self.reproductions or self.guides

    @property
    def replay_proof(self) -> Replay | None:
        """The replay, where plays on this machine are the proof and not a test."""
        return self.replay if self.replay and not self.replay.written else None

    @property
    def demonstration(self) -> tuple[str, str] | None:
        """What shows the fault, and how it ends on base, for people; `None`: nothing does."""
        if self.replay_proof is not None:
            return self.replay_proof.asked, self.replay_proof.ends
        return (self.reproduction.calls, self.reproduction.expects) if self.reproduction else None

    @property
    def parts(self) -> tuple[PlanPart, ...]:
        """The parts it falls into, in the order they are joined; none where it is one piece."""
        steps: dict[str, tuple[Step, ...]] = {}
        for step in self.steps:
            if step.part:
                steps[step.part] = (*steps.get(step.part, ()), step)
        found = tuple(PlanPart(name=name, steps=own) for name, own in steps.items())
        return found if len(found) > 1 else ()

    @property
    def owned_files(self) -> frozenset[str]:
        """Every file any step may change."""
        return frozenset(file for step in self.steps for file in step.owned_files)


def find_split_error(plan: Plan) -> str:
    """Return why a plan cannot be written in its parts as they are; empty: it can, or has none."""
    if not plan.parts:
        return ""
    loose = next((step.summary for step in plan.steps if not step.part), "")
    if loose:
        return f"“{loose}” is of no part, and others are: name one for each step, or for none"
    owners = [(file, part.name) for part in plan.parts for file in sorted(part.owned_files)]
    for number, (file, name) in enumerate(owners):
        other = next((has for known, has in owners[:number] if known == file), None)
        if other is not None:
            return f"`{file}` is owned by the parts {other} and {name}: only one may change a file"
    return ""
