"""How a shipped change is used: which commands are counted, until when, and the results."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.flag import FlagName


class Promise(Record):
    """How fast answers must be: within `ms`, or in `ratio` of the time before.

    `ms` is what was agreed on; `ratio` is the maximum that a measured proof showed. `None` means
    that nothing was promised.
    """

    ms: float | None = None
    ratio: float | None = None


class UseWatch(Record):
    """The commands that one shipped change added or changed. Stored until the last report.

    `events` are their names in the journal. Their failures count against the change until `until`;
    after that decision it is `judged`. Their use is reported at `tell_at`, or never if that is
    absent.
    """

    run_id: str
    events: tuple[str, ...] = Field(min_length=1)
    new: tuple[str, ...] = Field(default=(), description="the events that did not exist before")
    number: int
    merge_commit: str
    began_at: AwareDatetime = Field(description="when it went live")
    before_since: AwareDatetime = Field(description="the start of the period before, for its use")
    until: AwareDatetime
    tell_at: AwareDatetime | None = None
    judged: bool = False
    promise: Promise = Promise()
    flag: FlagName | Literal[""] = Field(default="", description="the flag it shipped behind")
    compared_at: AwareDatetime | None = Field(
        default=None, description="when the flag was last switched before the last comparison"
    )


class EventUse(Record):
    """How one command was used since, and before. Times are medians of successes, in ms.

    Cancelled actions are not counted. `people` counts those with a pseudonym; 0 if none is known.
    """

    event: str
    uses: int = Field(default=0, ge=0)
    people: int = Field(default=0, ge=0)
    failures: int = Field(default=0, ge=0)
    typical_ms: float | None = None
    before_ms: float | None = Field(default=None, description="none: no one was answered before")
    promise: Promise = Promise()
    answered: int = Field(default=0, ge=0, description="successful uses with a duration")
    in_time: int = Field(default=0, ge=0, description="the uses within the promised time")


Sign = Literal["👍", "👎"]


class ChangeFeedback(Record):
    """People's opinion of a shipped change: the last sign of each person, by their id as text."""

    run_id: str
    signs: dict[str, Sign] = Field(default_factory=dict)
    flagged: dict[str, bool] = Field(
        default_factory=dict,
        description="by person: whether the rated answer was given with the flag on",
    )

    def count(self, sign: Sign) -> int:
        """Return the number of people with that sign."""
        return sum(given == sign for given in self.signs.values())


class FlagSide(Record):
    """How the people with a flag, or those without, used and rated the commands behind it."""

    uses: int = Field(default=0, ge=0)
    people: int = Field(default=0, ge=0)
    failures: int = Field(default=0, ge=0)
    typical_ms: float | None = None
    signs: int = Field(default=0, ge=0, description="👍 and 👎 on their answers")
    disliked: int = Field(default=0, ge=0)


class FlagComparison(Record):
    """People with a flag against people without, since it was last switched, at `since`.

    `worse` says what is significantly worse with the flag.
    """

    since: AwareDatetime
    on: FlagSide
    off: FlagSide
    worse: tuple[str, ...] = ()


class UseReport(Record):
    """How the commands of a shipped change were used from `since`, when it went live, to `at`.

    `liked` and `disliked` are the numbers of people who left 👍 and 👎 on it.
    """

    run_id: str
    since: AwareDatetime
    uses: tuple[EventUse, ...]
    liked: int = Field(default=0, ge=0)
    disliked: int = Field(default=0, ge=0)
    at: AwareDatetime
