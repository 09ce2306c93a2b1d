"""What failed, or was answered wrongly, through an interaction, as it can be played again."""

from typing import ClassVar

from pydantic import Field

from bot.domain.record import Record
from bot.domain.rehearsal import PlayedError, Script


class Replay(Record):
    """A script whose last step fails on base as it failed for people.

    Where nothing failed, `right` are the lines that people have to read from step `at` on (from
    0); what comes after that step only lets time pass. Base answers otherwise.

    Where it needs a copy of the cog's files, these are not in it: `snapshot` names the failure they
    were copied at. What is not `written` as a test proves a fix by plays on this machine; no model
    is told of its script.
    """

    former_names: ClassVar = {"plays": "replay_count"}

    script: Script
    wanted: PlayedError | None = None
    right: tuple[str, ...] = ()
    at: int = Field(default=-1, ge=-1, description="the step that is answered wrongly")
    fingerprint: str = ""
    asked: str = Field(description="the last step, for people: `/poll close id:1`")
    snapshot: str = ""
    replay_count: int = Field(default=0, ge=0, description="how many it took to find it")
    minimal: bool = Field(default=True, description="whether nothing of the set-up can be left out")
    written: bool = Field(default=False, description="whether the plan's reproduction is this")

    @property
    def setup(self) -> int:
        """How many steps come before the one that fails, or is answered wrongly."""
        return self.at if self.wanted is None else len(self.script.steps) - 1

    @property
    def ends(self) -> str:
        """How it ends on base, for people."""
        return self.wanted.error if self.wanted else "another answer than the one that is right"
