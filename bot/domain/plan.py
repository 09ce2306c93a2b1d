"""The plan: what will change, why, at what risk, and how it is proved and undone."""

from collections.abc import Container
from typing import Literal, Self

from pydantic import Field

from bot.domain.record import Record
from bot.domain.replay import Replay

Risk = Literal["low", "medium", "high", "security"]

NOTHING_ELSE = "No flag, migration, API or configuration change."
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
    """One implementation step and the files it may change."""

    summary: str
    owned_files: tuple[str, ...]

    def without(self, files: Container[str]) -> Self:
        """Return the step without these files."""
        return self.but(owned_files=tuple(file for file in self.owned_files if file not in files))


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
    compatibility: str = NOTHING_ELSE
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
    def played(self) -> Replay | None:
        """The replay, where plays on this machine are the proof and not a test."""
        return self.replay if self.replay and not self.replay.written else None

    @property
    def shown_by(self) -> tuple[str, str] | None:
        """What shows the fault, and how it ends on base, for people; `None`: nothing does."""
        if self.played is not None:
            return self.played.asked, self.played.wanted.error
        return (self.reproduction.calls, self.reproduction.expects) if self.reproduction else None

    @property
    def owned_files(self) -> frozenset[str]:
        """Every file any step may change."""
        return frozenset(file for step in self.steps for file in step.owned_files)
