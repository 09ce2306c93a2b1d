"""Trials of a change: what a command answers with it, and what it leaves behind."""

from typing import ClassVar

from pydantic import Field
from theseus_guard.record import Record


class Trial(Record):
    """A command that a person tried: its answers with a change's base, and with its head.

    `cogs` are all cogs that were loaded; empty means the whole bot. `is_incomplete` is true if
    neither commit could do all of it, for example because the command belongs to none of these
    cogs.
    """

    former_names: ClassVar = {"undone": "is_incomplete"}

    asked: str
    base: str
    head: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    cogs: tuple[str, ...] = ()
    is_incomplete: bool = False


class RevertTrial(Record):
    """How the code before a change handles the files that the change leaves behind.

    `script_count` is the number of scripts that left other files than before, `files` are their
    names, `failure` is what fails on them and did not fail before. `unplayed` is the reason why
    nothing was replayed, or empty.
    """

    former_names: ClassVar = {"plays": "script_count"}

    script_count: int = Field(default=0, ge=0)
    files: tuple[str, ...] = ()
    failure: str = ""
    unplayed: str = ""

    @property
    def summary(self) -> str:
        """The result as people read it."""
        named = ", ".join(f"`{name}`" for name in self.files)
        if self.failure:
            return f"⚠️ today's code fails on what this leaves behind in {named}: {self.failure}"
        if self.unplayed:
            return f"not tried: {self.unplayed}"
        if not self.script_count:
            return "nothing is left behind that today's code would read"
        return f"tried: today's code goes on with what this leaves behind in {named}"
