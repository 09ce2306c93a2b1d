"""Behaviour differences: the answers of two commits to the same scripts, compared."""

from typing import ClassVar

from pydantic import Field

from bot.domain.record import Record
from bot.domain.rehearsal import PlayDifference


class AnswerChange(Record):
    """One answer that differs between two commits.

    `script` is the index of the replayed script, from 0; `asked` is the step in one line.
    `is_fixed` is true if a person got an error there or earlier in the script before, and no one
    does now.
    """

    former_names: ClassVar = {"mended": "is_fixed"}

    script: int = Field(ge=0)
    asked: str
    difference: PlayDifference
    is_fixed: bool = False


class BehaviourDiff(Record):
    """The result of replaying scripts with two commits.

    `answers` is the number of answers that could be compared, `changed` how many of them differ,
    and `unasked` how many of those differ although no one got an error there before. `varied`
    answers differ between two replays of the older commit already: they show nothing and are not in
    the other numbers. `changes` shows some of `changed`, unasked ones first; `variations` shows
    some of `varied`. `unplayed` is the reason why nothing was replayed, or empty.
    """

    answers: int = Field(default=0, ge=0)
    changed: int = Field(default=0, ge=0)
    unasked: int = Field(default=0, ge=0)
    varied: int = Field(default=0, ge=0)
    changes: tuple[AnswerChange, ...] = ()
    variations: tuple[AnswerChange, ...] = ()
    unplayed: str = ""

    @property
    def summary(self) -> str:
        """The numbers as people read them: "3 of 61 answers change"."""
        if self.unplayed:
            return f"answers were not compared: {self.unplayed}"
        if not self.answers and not self.varied:
            return "no answers to compare"
        answers = "answer changes" if self.answers == 1 else "answers change"
        text = f"{self.changed} of {self.answers} {answers}"
        if not self.varied:
            return text
        return f"{text}; {self.varied} more are not repeatable"


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
