"""The restarter port: what a restart alone takes on is asked for here."""

from typing import Protocol

from pydantic import Field

from bot.domain.record import Record


class RestartAnswer(Record):
    """Whether a restart was set going. Refused, `reason` says why and what to do, for people."""

    accepted: bool
    reason: str = Field(default="", description="a sentence for people; empty where it is accepted")
    caution: str = Field(default="", description="what people should know of it beforehand")


class Restarter(Protocol):
    """Has the program replaced by what its checkout holds now, with nothing lost on the way."""

    async def request(
        self, *, commit: str, reason: str, run_id: str | None = None
    ) -> RestartAnswer:
        """Ask for a restart onto `commit`, which the checkout stands at; return within seconds.

        Accepted, the restart comes by itself: what is under way is finished or goes on in the new
        process, which says in the thread of `run_id`, else in the dev channel, that it is live, or
        why it is not. So whoever asks saves what it did and ends. Asking for the same commit again
        is harmless. Refused where nobody could start another process, and for a commit that was
        rolled back. Raises nothing.
        """
        ...

    def get_rollback_reason(self, commit: str) -> str | None:
        """Return why this commit was taken back after a start of it, in words; `None`: it was not.

        Whoever follows a branch leaves such a commit alone until something newer comes.
        """
        ...
