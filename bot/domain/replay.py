"""A failing or incorrect interaction, as a script that can be replayed."""

from typing import ClassVar

from pydantic import Field
from theseus_guard.record import Record
from theseus_rehearsal.records import PlayedError, Script


class Replay(Record):
    """A script whose last step fails on base as it failed for people.

    If nothing failed but an answer was incorrect, `right` are the lines that people must read from
    step `at` on (from 0); later steps only let time pass. Base answers differently.

    If the script needs a copy of the cog's files, `snapshot` names the failure at which they were
    copied; the files are not part of this record. A replay that is not `written` as a test proves a
    fix by replays on this machine, and its script is not shown to a model.
    """

    former_names: ClassVar = {"plays": "replay_count"}

    script: Script
    wanted: PlayedError | None = None
    right: tuple[str, ...] = ()
    at: int = Field(default=-1, ge=-1, description="the step with the incorrect answer")
    fingerprint: str = ""
    asked: str = Field(description="the last step as people read it: `/poll close id:1`")
    snapshot: str = ""
    replay_count: int = Field(
        default=0, ge=0, description="the number of replays needed to find it"
    )
    minimal: bool = Field(default=True, description="whether every step of the set-up is needed")
    written: bool = Field(default=False, description="whether the plan's reproduction contains it")

    @property
    def setup(self) -> int:
        """The number of steps before the one that fails or is answered incorrectly."""
        return self.at if self.wanted is None else len(self.script.steps) - 1

    @property
    def ends(self) -> str:
        """How the script ends on base, as people read it."""
        return self.wanted.error if self.wanted else "an answer that differs from the correct one"
