"""A merged fix, and which failures it ended."""

from datetime import datetime, timedelta

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.journal import Action
from bot.domain.watch import Judgement


class ShippedFix(Record):
    """The newest change that was shipped for one failure."""

    run_id: str
    number: int
    fingerprint: str
    event: str
    about: str = Field(default="", description="what its run was about, as text and names")
    merge_commit: str
    merged_at: AwareDatetime
    live_at: AwareDatetime | None = Field(
        default=None, description="when it went live; absent if it has not"
    )
    watched_until: AwareDatetime | None = None
    verdict: Judgement | None = Field(default=None, description="absent: not judged yet")
    answered: bool = Field(
        default=False,
        description="whether the failing interaction was replayed with it and succeeded",
    )

    @property
    def label(self) -> str:
        """The pull request and the merge: `#1 (`abc1234`)`."""
        return f"#{self.number} (`{self.merge_commit[:7]}`)"

    def is_later_than(self, start: datetime) -> bool:
        """Return whether an action that began at `start` ran the code from before the fix."""
        return self.live_at is None or start < self.live_at


def get_start_time(action: Action) -> datetime:
    """Return when an action began. Its record has the time of its end."""
    return action.ts - timedelta(milliseconds=action.duration_ms or 0)
