"""A fix that is merged, as far as it says which failures are over."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field

from bot.domain.journal import Action
from bot.domain.record import Record
from bot.domain.watch import Judgement


class ShippedFix(Record):
    """The newest change that was shipped for one failure."""

    run_id: str
    number: int
    fingerprint: str
    event: str
    about: str = Field(default="", description="what its run was about, in words and names")
    merge_commit: str
    merged_at: AwareDatetime
    live_at: AwareDatetime | None = Field(
        default=None, description="since when the running code has it; absent: not yet"
    )
    watched_until: AwareDatetime | None = None
    verdict: Judgement | None = Field(default=None, description="absent: not judged yet")
    answered: bool = Field(
        default=False, description="whether what failed was played with it, and is answered"
    )

    @property
    def label(self) -> str:
        """Return `#1 (`abc1234`)`."""
        return f"#{self.number} (`{self.merge_commit[:7]}`)"

    def is_later_than(self, start: datetime) -> bool:
        """Whether what began then ran the code from before the fix."""
        return self.live_at is None or start < self.live_at


def get_start_time(action: Action) -> datetime:
    """Return when an action began; its record is written at its end."""
    return action.ts - timedelta(milliseconds=action.duration_ms or 0)
