"""Which process leads where several may: one row in the database, and its number."""

from collections.abc import Callable
from dataclasses import dataclass

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.errors import PortError
from bot.domain.gateway_session import GatewaySession


class LeadershipLost(PortError):
    """Another process leads; this one must not act any more."""

    code = "leadership_lost"


@dataclass(frozen=True)
class WriteFence:
    """A statement that refuses to write for a process that no longer leads.

    Attributes:
        statement: Each writing transaction begins with it.
        sqlstate: The error with which it refuses.
        on_refusal: Called when it refused.
    """

    statement: str
    sqlstate: str
    on_refusal: Callable[[], None]


class Leader(Record):
    """The process that leads.

    No field is a time: machines' clocks differ, so nothing is decided by them.
    """

    epoch: int = Field(ge=1, description="one more with each new leader: the fencing token")
    place: str = Field(description="the machine and the state folder of the leader")
    commit: str = ""
    beat: int = Field(default=0, description="grows for as long as the leader works")
    heir: str = Field(default="", description="the place to which it hands over; empty: any")
    session: GatewaySession | None = None


class SilenceWatch:
    """Notices a leader that keeps its lock and does nothing: stopped, hung, or swapped out.

    The seconds are counted here, on one machine's monotonic clock.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: tuple[int, int] | None = None
        self._since = 0.0

    def is_silent(self, leader: Leader, now: float) -> bool:
        """Return whether the leader's beat has not grown for too long."""
        seen = (leader.epoch, leader.beat)
        if seen != self._seen:
            self._seen, self._since = seen, now
        return now - self._since >= self._seconds
