"""What was seen, and what it means."""

import re
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from bot.domain.brief import ChangeContext
from bot.domain.journal import Action, Capsule, FailureGroup
from bot.domain.memory import Recalled
from bot.domain.record import Record
from bot.domain.shipped_fix import ShippedFix
from bot.domain.slowness import Slowness
from bot.domain.triage import Triage


class SourceExcerpt(Record):
    """Lines of one file around a frame. `first_line` counts from 1."""

    file: str
    first_line: int
    text: str
    highlight: int = Field(description="the line the frame stands on")


class Commit(Record):
    """One commit of the target repository."""

    sha: str
    author: str
    at: AwareDatetime
    summary: str


_REVERTED_LINES = 60
_REVERTED_FILES = 3
_NO_CODE = re.compile(
    r"(?:^|/)(?:tests?|docs)/|(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$|\.(?:md|rst)$"
)


class Suspect(Record):
    """A commit that may have caused the failure, and its diff of the files in the frames."""

    commit: Commit
    reason: str
    diff: str = Field(description="unified diff against its parent, of the files in the frames")
    touched: tuple[str, ...] = Field(default=(), description="every file it changed")
    line_counts: dict[str, int] = Field(
        default_factory=dict, description="lines it added and removed in each of these"
    )
    score: float = Field(ge=0, le=1)

    @property
    def is_revertible(self) -> bool:
        """Return whether a revert of the whole commit takes little away besides the fault.

        Tests and prose go with their code and are not counted.
        """
        files = [file for file in self.touched if not _NO_CODE.search(file)]
        counted = [self.line_counts.get(file, 0) for file in files]
        lines = sum(counted) if self.line_counts else _count_changes(self.diff)
        return lines <= _REVERTED_LINES and len(files) <= _REVERTED_FILES


def _count_changes(diff: str) -> int:
    heads = ("+++ ", "--- ")
    return sum(line[:1] in ("+", "-") and line[:4] not in heads for line in diff.splitlines())


class LastWorked(Record):
    """When what fails now went well last, on which code, and what changed there since.

    `changes` are commits that touch the files the failing calls reach, the nearest file's first,
    each with its diff of those files.
    """

    at: AwareDatetime
    commit: str
    changes: tuple[Suspect, ...] = ()

    @property
    def summary(self) -> str:
        """One line for people."""
        when = f"It last worked on {self.at:%Y-%m-%d %H:%M} UTC, with `{self.commit[:7]}`"
        if not self.changes:
            return f"{when}; nothing it reaches has changed since."
        first = self.changes[0].commit
        more = len(self.changes) - 1
        others = f" and {more} more" if more else ""
        changed = f"`{first.sha[:7]}` “{first.summary}”{others}"
        return f"{when}; what it reaches was changed since by {changed}."


class Evidence(Record):
    """Everything the diagnosis may use. Deterministic; whatever people could have written is data.

    `base` is the commit of the running checkout. `groups` are the failures that match what was
    asked, best match first; empty when nothing matches, and then `nearby` says what else failed.
    """

    base: str
    groups: tuple[FailureGroup, ...] = ()
    nearby: tuple[FailureGroup, ...] = ()
    timeline: tuple[Action, ...] = ()
    excerpts: tuple[SourceExcerpt, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    memories: tuple[Recalled, ...] = Field(
        default=(), description="what was seen and done before, best match first"
    )
    users: int = Field(default=0, ge=0, description="people the best-matching group happened to")
    slow: Slowness | None = Field(
        default=None, description="where an action is named that did not fail: how long it takes"
    )
    searched: str = Field(default="", description="what was looked for and where, for people")
    named: Literal["exactly", "in words", "not at all"] = Field(
        default="exactly", description="how the failure that is meant was named"
    )
    likely: tuple[FailureGroup, ...] = Field(
        default=(), description="where none is surely meant: which may be, best first"
    )
    idle: tuple[str, ...] = Field(
        default=(), description="commands that were named and have not failed"
    )
    worked: LastWorked | None = Field(
        default=None, description="of the failure that is meant, where traffic tells it"
    )
    change: bool = Field(
        default=False, description="a change is wanted, of something that has not failed"
    )
    context: ChangeContext | None = Field(
        default=None, description="of a change that is wanted: what there is already"
    )
    fix: ShippedFix | None = Field(
        default=None, description="what was shipped for the failure that is meant"
    )
    before_fix: FailureGroup | None = Field(
        default=None, description="that failure as it was before; then it was not seen since"
    )

    @property
    def capsule(self) -> Capsule | None:
        """The newest failure of the best-matching group."""
        return self.groups[0].newest.error if self.groups else None


class Choice(Record):
    """One failure of several that may be meant; `error_id` is its newest record's."""

    former_names: ClassVar = {"told": "summary"}

    error_id: str
    name: str = Field(description="`/roll: IndexError`")
    summary: str


class Diagnosis(Record):
    """The cause as far as it is known, each claim with the ids of the evidence behind it.

    Where nothing is `found`, `instead` says what else came of it: the failure is `fixed` already,
    it is not sure `which` of the `choices` is meant, no failure is meant but a `change`, or what
    was called wrong stays as it is: it is `right`, or nobody says what would be.
    """

    found: bool
    instead: Literal["", "fixed", "which", "change", "right"] = ""
    choices: tuple[Choice, ...] = ()
    headline: str = Field(description="one sentence: what, how often, since when, where")
    cause: str
    fingerprint: str = ""
    event: str = ""
    file: str = ""
    line: int = 0
    function: str = ""
    count: int = 0
    first_seen: AwareDatetime | None = None
    last_seen: AwareDatetime | None = None
    suspects: tuple[Suspect, ...] = ()
    confidence: Literal["none", "low", "medium", "high"] = "none"
    evidence_ids: tuple[str, ...] = ()
    triage: Triage = Triage()
    last_worked: str = Field(default="", description="when, and what changed since: one line")
    seen_before: str = Field(
        default="", description="what was done about it before: `fixed in #47, held`"
    )
    explained_by: str = Field(default="", description="the planner model; empty: rules alone")

    @property
    def summary(self) -> str:
        """The headline and the cause."""
        return f"{self.headline} {self.cause}"


class RequestAnswer(Record):
    """What is said at once to a request that no failure is there for.

    `commands` may be meant, where nothing is known of it: `poll results`.
    """

    diagnosis: Diagnosis
    commands: tuple[str, ...] = ()
