"""Evidence of a failure, and the diagnosis drawn from it."""

import re
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.brief import ChangeContext
from bot.domain.input_contrast import InputContrast
from bot.domain.journal import Action, Capsule, FailureGroup, format_event_name
from bot.domain.memory import Recalled
from bot.domain.request_match import FailureReference, Named, RequestMatch
from bot.domain.shipped_fix import ShippedFix
from bot.domain.slowness import Slowness
from bot.domain.triage import Triage


class SourceExcerpt(Record):
    """Lines of one file around a frame. `first_line` counts from 1."""

    file: str
    first_line: int
    text: str
    highlight: int = Field(description="the line of the frame")


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
        """True if a revert of the whole commit removes little besides the fault.

        Test and documentation files are reverted with their code and are not counted.
        """
        files = [file for file in self.touched if not _NO_CODE.search(file)]
        counted = [self.line_counts.get(file, 0) for file in files]
        lines = sum(counted) if self.line_counts else _count_changes(self.diff)
        return lines <= _REVERTED_LINES and len(files) <= _REVERTED_FILES


def _count_changes(diff: str) -> int:
    heads = ("+++ ", "--- ")
    return sum(line[:1] in ("+", "-") and line[:4] not in heads for line in diff.splitlines())


class LastWorked(Record):
    """When the failing action last succeeded, on which commit, and what changed there since.

    `changes` are commits that touch files which the failing calls reach: those of the nearest file
    first, each with its diff of these files.
    """

    at: AwareDatetime
    commit: str
    changes: tuple[Suspect, ...] = ()

    @property
    def summary(self) -> str:
        """One line as people read it."""
        when = f"It last worked on {self.at:%Y-%m-%d %H:%M} UTC, with `{self.commit[:7]}`"
        if not self.changes:
            return f"{when}; the code it uses has not changed since."
        first = self.changes[0].commit
        more = len(self.changes) - 1
        others = f" and {more} more" if more else ""
        changed = f"`{first.sha[:7]}` “{first.summary}”{others}"
        return f"{when}; the code it uses was changed since by {changed}."


class Evidence(Record):
    """Everything the diagnosis may use.

    It is collected by rules; text that people may have written is untrusted data. `base` is the
    commit of the running checkout. `groups` are the failures that match the request, best match
    first. If none matches, `groups` is empty and `nearby` lists other failures.
    """

    base: str
    groups: tuple[FailureGroup, ...] = ()
    nearby: tuple[FailureGroup, ...] = ()
    timeline: tuple[Action, ...] = ()
    excerpts: tuple[SourceExcerpt, ...] = ()
    suspects: tuple[Suspect, ...] = ()
    memories: tuple[Recalled, ...] = Field(
        default=(), description="memories of earlier failures and fixes, best match first"
    )
    users: int = Field(default=0, ge=0, description="people the best-matching group happened to")
    slow: Slowness | None = Field(
        default=None, description="how long an action takes that was named and did not fail"
    )
    searched: str = Field(
        default="", description="what was searched for and where, as people read it"
    )
    named: Named = Field(default="exactly", description="how the requested failure was named")
    likely: tuple[FailureGroup, ...] = Field(
        default=(), description="if it is unclear which failure is meant: candidates, best first"
    )
    idle: tuple[str, ...] = Field(
        default=(), description="commands that were named and have not failed"
    )
    worked: LastWorked | None = Field(
        default=None, description="when the requested failure last worked, if traffic shows it"
    )
    contrast: InputContrast | None = Field(
        default=None, description="inputs that fail and inputs that work, if traffic shows both"
    )
    change: bool = Field(
        default=False, description="a change is requested of something that has not failed"
    )
    context: ChangeContext | None = Field(
        default=None, description="for a requested change: existing commands and code"
    )
    fix: ShippedFix | None = Field(
        default=None, description="the fix shipped for the requested failure"
    )
    reports: tuple[str, ...] = Field(
        default=(), description="what people wrote about the failure's incident: untrusted data"
    )
    since_attempt: tuple[str, ...] = Field(
        default=(), description="how an earlier attempt ended, and what has changed since"
    )
    lessons: tuple[str, ...] = Field(
        default=(), description="what has worked for such faults, counted over earlier runs"
    )
    before_fix: FailureGroup | None = Field(
        default=None, description="that failure before the fix; it was not seen since then"
    )

    @property
    def capsule(self) -> Capsule | None:
        """The newest failure of the best-matching group."""
        return self.groups[0].newest.error if self.groups else None

    @property
    def successes(self) -> str:
        """When the action last worked, and for which inputs; empty if traffic does not show it.

        That its code has not changed since is left out if its input makes the difference.
        """
        if self.contrast is None:
            return self.worked.summary if self.worked else ""
        changed = self.worked.summary if self.worked and self.worked.changes else ""
        return f"{self.contrast.summary} {changed}".strip()

    @property
    def match(self) -> RequestMatch:
        """The failures that the request refers to, without their records."""
        refer = FailureReference.from_group
        return RequestMatch(
            groups=tuple(map(refer, self.groups)),
            nearby=tuple(map(refer, self.nearby)),
            likely=tuple(map(refer, self.likely)),
            before_fix=refer(self.before_fix) if self.before_fix else None,
            fix=self.fix,
            slow=self.slow,
            searched=self.searched,
            named=self.named,
            idle=self.idle,
            change=self.change,
        )


class Choice(Record):
    """One of several failures that may be meant; `error_id` is the id of its newest record."""

    former_names: ClassVar = {"told": "summary"}

    error_id: str
    name: str = Field(description="`/roll: IndexError`")
    summary: str


class Diagnosis(Record):
    """The cause as far as it is known; each claim has the ids of its evidence.

    If nothing is `found`, `instead` gives the other result. `fixed`: the failure is fixed already.
    `which`: it is unclear which of the `choices` is meant. `change`: a change is requested, not a
    fix. `right`: the reported output stays, because it is correct or because no one says what would
    be.
    """

    found: bool
    instead: Literal["", "fixed", "which", "change", "right"] = ""
    choices: tuple[Choice, ...] = ()
    headline: str = Field(description="one sentence: what, how often, since when, where")
    cause: str
    fingerprint: str = ""
    event: str = ""
    called: str = Field(default="", description="what people call the action that failed")
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
    def event_name(self) -> str:
        """What people call the action that failed: `/roll`, `!roll`."""
        return self.called or format_event_name(self.event)

    @property
    def summary(self) -> str:
        """The headline and the cause."""
        return f"{self.headline} {self.cause}"


class RequestAnswer(Record):
    """The immediate answer to a request that matches no failure.

    `commands` are commands that may be meant if nothing about the request is known: `poll results`.
    """

    diagnosis: Diagnosis
    commands: tuple[str, ...] = ()
