"""Commits that were pushed to the followed branch by others and loaded by the running program."""

from pydantic import Field
from theseus_guard.record import Record


class Arrival(Record):
    """What the running program did with the new commits. `commit` is the head of its checkout now.

    Files that could not be loaded for an earlier commit are still listed: until they are loaded,
    the program does not run `commit`.
    """

    commit: str
    files: tuple[str, ...] = ()
    reloaded: tuple[str, ...] = ()
    restart_needed: tuple[str, ...] = Field(
        default=(), description="changed files that need a restart"
    )
    pending: str = Field(
        default="",
        description="what must happen before core code runs, and who does it; a sentence",
    )
    failed: dict[str, str] = Field(
        default_factory=dict, description="modules that still run their old code, and why"
    )

    @property
    def live(self) -> bool:
        """True if the running code contains the commit."""
        return not self.failed and not self.restart_needed
