"""A failure that came through an interaction, as it can be played again."""

from pydantic import Field

from bot.domain.record import Record
from bot.domain.rehearsal import PlayedError, Script


class Replay(Record):
    """A script whose last step fails on base as it failed for people.

    Where it needs a copy of the cog's files, these are not in it: `snapshot` names the failure they
    were copied at. What is not `written` as a test proves a fix by plays on this machine; no model
    is told of its script.
    """

    script: Script
    wanted: PlayedError
    fingerprint: str
    asked: str = Field(description="the last step, for people: `/poll close id:1`")
    snapshot: str = ""
    plays: int = Field(default=0, ge=0, description="how many it took to find it")
    minimal: bool = Field(default=True, description="whether nothing of the set-up can be left out")
    written: bool = Field(default=False, description="whether the plan's reproduction is this")

    @property
    def setup(self) -> int:
        """How many steps come before the one that fails."""
        return len(self.script.steps) - 1
