"""The restarter port: requests a restart for changes that need one."""

from typing import Protocol

from pydantic import Field
from theseus_guard.record import Record


class RestartAnswer(Record):
    """Whether a restart was started. If not, `reason` tells people why and what to do."""

    accepted: bool
    reason: str = Field(default="", description="a sentence for people; empty if accepted")
    caution: str = Field(default="", description="what people should know before the restart")


class Restarter(Protocol):
    """Restarts the program with the code of its checkout, without losing messages."""

    async def request(
        self, *, commit: str, reason: str, run_id: str | None = None
    ) -> RestartAnswer:
        """Request a restart with `commit`, the head of the checkout; return within seconds.

        After acceptance the restart happens on its own: running work is finished or continues in
        the new process, which reports in the thread of `run_id`, else in the dev channel, that it
        is live or why not. The caller must therefore save its work and end. A second request for
        the same commit is harmless. Refused if no other process could be started, and for a commit
        that was rolled back. Never raises.
        """
        ...

    def get_rollback_reason(self, commit: str) -> str | None:
        """Return why this commit was rolled back after it was started, or `None` if it was not.

        The follower of a branch skips such a commit until a newer one arrives.
        """
        ...
