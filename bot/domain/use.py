"""How a shipped change is used: which commands are counted, until when, and what came of it."""

from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.flag import FlagName
from bot.domain.record import Record


class Promise(Record):
    """How fast people were to be answered: within so long, or in a share of the time before.

    `ms` is what was agreed to, `ratio` what a measured proof showed at most. Absent: no such word.
    """

    ms: float | None = None
    ratio: float | None = None


class UseWatch(Record):
    """The commands that one shipped change brought or changed. Stored until nothing is left to say.

    `events` are as the journal calls them. What goes wrong with them counts against the change
    until `until`; once that is decided, it is `judged`. Their use is told at `tell_at`, or, where
    that is absent, not at all.
    """

    run_id: str
    events: tuple[str, ...] = Field(min_length=1)
    new: tuple[str, ...] = Field(default=(), description="those that were not there before")
    number: int
    merge_commit: str
    began_at: AwareDatetime = Field(description="when it came live")
    before_since: AwareDatetime = Field(description="how far back before is, for its use")
    until: AwareDatetime
    tell_at: AwareDatetime | None = None
    judged: bool = False
    promise: Promise = Promise()
    flag: FlagName | Literal[""] = Field(default="", description="the flag it shipped behind")
    compared_at: AwareDatetime | None = Field(
        default=None, description="when the flag was switched as it was at the last comparison"
    )


class EventUse(Record):
    """How one command was used since, and before. Times are medians of what went well, in ms.

    What was cancelled is no use. `people` are those known by a pseudonym; 0: of nobody it is known.
    """

    event: str
    uses: int = Field(default=0, ge=0)
    people: int = Field(default=0, ge=0)
    failures: int = Field(default=0, ge=0)
    typical_ms: float | None = None
    before_ms: float | None = Field(default=None, description="none: nobody was answered before")
    promise: Promise = Promise()
    answered: int = Field(default=0, ge=0, description="uses that went well, and were timed")
    in_time: int = Field(default=0, ge=0, description="those within the promised time")


Sign = Literal["👍", "👎"]


class ChangeFeedback(Record):
    """What people think of a shipped change: the last sign of each, by their id as text."""

    run_id: str
    signs: dict[str, Sign] = Field(default_factory=dict)
    flagged: dict[str, bool] = Field(
        default_factory=dict, description="whose sign is on an answer with the flag on, or off"
    )

    def count(self, sign: Sign) -> int:
        """Return how many people think that."""
        return sum(each == sign for each in self.signs.values())


class FlagSide(Record):
    """How those with a flag, or those without, used the commands behind it, and liked it."""

    uses: int = Field(default=0, ge=0)
    people: int = Field(default=0, ge=0)
    failures: int = Field(default=0, ge=0)
    typical_ms: float | None = None
    signs: int = Field(default=0, ge=0, description="👍 and 👎 on what they were answered")
    disliked: int = Field(default=0, ge=0)


class FlagComparison(Record):
    """Those with a flag against those without, since it was switched as it is, at `since`.

    `worse` says what is surely worse with it.
    """

    since: AwareDatetime
    on: FlagSide
    off: FlagSide
    worse: tuple[str, ...] = ()


class UseReport(Record):
    """How the commands of a shipped change were used from `since`, when it came live, to `at`.

    `liked` and `disliked` are how many people left 👍 and 👎 on it.
    """

    run_id: str
    since: AwareDatetime
    uses: tuple[EventUse, ...]
    liked: int = Field(default=0, ge=0)
    disliked: int = Field(default=0, ge=0)
    at: AwareDatetime
