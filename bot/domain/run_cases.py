"""Cases: what is kept of ended runs, so that they can be counted, drawn and replayed."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.run import Goal
from bot.domain.target import OWN_TARGET, TargetName

CASE = "case:"
"""Prefix of the names of stored cases; the run's id follows."""

Result = Literal["held", "unclear", "did not hold", "rejected", "failed", "answered"]
"""How a run turned out. Only `held` is a success; `unclear` and `answered` count for nothing."""
_BAD = frozenset({"did not hold", "rejected", "failed"})

Trait = Literal["engine", "model", "edit", "evidence", "prompts"]
"""What is counted of a run: which engine, model, kind of edit, evidence and prompts it had."""


class RunCase(Record):
    """One ended run. It names code and counts, and no person; nothing of it was typed by users."""

    reads_newer = True

    run_id: str
    target: TargetName = OWN_TARGET
    goal: Goal
    by_itself: bool = False
    fault: str = Field(default="", description="the class of the fault: `IndexError`")
    fingerprint: str = ""
    event: str = ""
    file: str = Field(default="", description="where the fault is raised")
    function: str = ""
    frames: tuple[str, ...] = Field(default=(), description="files of the failing calls")
    files: tuple[str, ...] = Field(default=(), description="changed files, without tests")
    base: str = ""
    merge_commit: str = ""
    suspects: tuple[str, ...] = Field(default=(), description="commits that may have caused it")
    number: int | None = Field(default=None, description="of the pull request")
    engine: str = ""
    model: str = ""
    edit: str = Field(default="", description="the kind of edit, as `bot.learning.edits` names it")
    evidence: str = Field(default="", description="what showed the fault: a replay or a test")
    prompts: str = Field(default="", description="version of the prompts when the run ended")
    checks: dict[str, str] = Field(
        default_factory=dict, description="results of the newest checks and gates, by name"
    )
    covered: tuple[int, int] | None = Field(
        default=None, description="changed statements that run, of all, as the gate measured"
    )
    rounds: int = 1
    cost_usd: float = 0.0
    seconds: float = Field(default=0.0, description="from the request to the end")
    reports: int = Field(default=0, ge=0, description="people's reports of the fault's incident")
    result: Result
    version: int = Field(default=0, description="of the run's row that was read")
    ended_at: AwareDatetime

    @property
    def is_judged(self) -> bool:
        """True for a fix or change whose result counts as good (`held`) or bad."""
        return self.goal in ("fix", "change") and (self.result == "held" or self.result in _BAD)

    def get_trait(self, trait: Trait) -> str:
        """Return the value of a trait; empty if it is unknown."""
        values: dict[Trait, str] = {
            "engine": self.engine,
            "model": self.model,
            "edit": self.edit,
            "evidence": self.evidence,
            "prompts": self.prompts,
        }
        return values[trait]


class Pattern(NamedTuple):
    """How often runs with one trait succeeded, for one class of fault; empty: for all."""

    fault: str
    trait: Trait
    value: str
    good: int
    bad: int
    chance: float
    """The chance of such a count, or a clearer one, if both ends were equally likely."""

    @property
    def kind(self) -> Literal["pattern", "anti-pattern", "unclear"]:
        """What the count shows."""
        if self.chance >= CLEAR:
            return "unclear"
        return "pattern" if self.good > self.bad else "anti-pattern"


class Lessons(NamedTuple):
    """What earlier runs teach about a fault: sentences with counts, and what follows for a search.

    `edit_factors` are by kind of edit: above 1 it is tried earlier, below 1 later.
    """

    texts: tuple[str, ...] = ()
    edit_factors: Mapping[str, float] = MappingProxyType({})


CLEAR = 0.1
"""Counts whose chance is below this are clear: four of four, or seven of eight."""


class GraphEdge(NamedTuple):
    """One relation between two nodes. Nodes are named `file:cogs/dice.py`, `fault:…`, `fix:…`."""

    source: str
    relation: str
    target: str


class BreakingFault(NamedTuple):
    """A class of fault in a file: how often, in which functions, and how its fixes turned out."""

    fault: str
    function: str
    runs: int
    held: int
    did_not_hold: int
    reports: int
    newest: AwareDatetime


class FileHistory(NamedTuple):
    """What tends to break with a file: faults there, and faults right after changes of it.

    `together` are files that its fixes changed too, with how often, most often first.
    """

    file: str
    faults: tuple[BreakingFault, ...]
    after_changes: tuple[BreakingFault, ...]
    together: tuple[tuple[str, int], ...]
