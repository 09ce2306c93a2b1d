"""What changes for people: the answers of two commits to the same scripts, compared."""

from typing import ClassVar

from pydantic import Field

from bot.domain.record import Record
from bot.domain.rehearsal import PlayDifference


class AnswerChange(Record):
    """One answer that is not what it was.

    `script` counts the scripts that were played, from 0; `asked` is the step in a line. `mended`:
    before, somebody got an error there or earlier in the script, and after nobody does.
    """

    former_names: ClassVar = {"mended": "is_fixed"}

    script: int = Field(ge=0)
    asked: str
    difference: PlayDifference
    is_fixed: bool = False


class BehaviourDiff(Record):
    """What came of playing scripts with two commits.

    `answers` is how many answers could be compared, `changed` how many of them differ, `unasked`
    how many of those although nobody got an error there before. `varied` differ between two plays
    of the older commit already: those tell nothing, and are in none of the other numbers. `changes`
    shows some of `changed`, those that nobody asked for first; `variations` some of `varied`.
    `unplayed` is why nothing was played, where that was so.
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
        """The numbers, for people: "3 of 61 answers change"."""
        if self.unplayed:
            return f"answers were not compared: {self.unplayed}"
        if not self.answers and not self.varied:
            return "no answers to compare"
        answers = "answer changes" if self.answers == 1 else "answers change"
        told = f"{self.changed} of {self.answers} {answers}"
        if not self.varied:
            return told
        return f"{told}; {self.varied} more are not repeatable"


class Trial(Record):
    """A command that somebody tried: what people would see with a change's base, and its head.

    `cogs` are all that were there; none: the whole bot. `undone`: neither could do all of it, as
    when a command is none of these cogs'.
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
    """What the code before a change makes of the files that the change leaves behind.

    `plays` is how many scripts left other files than before, `files` their names, `failure` what
    goes wrong on them that did not before; `unplayed` is why nothing was played, where that was so.
    """

    former_names: ClassVar = {"plays": "script_count"}

    script_count: int = Field(default=0, ge=0)
    files: tuple[str, ...] = ()
    failure: str = ""
    unplayed: str = ""

    @property
    def summary(self) -> str:
        """The outcome, for people."""
        named = ", ".join(f"`{name}`" for name in self.files)
        if self.failure:
            return f"⚠️ today's code fails on what this leaves behind in {named}: {self.failure}"
        if self.unplayed:
            return f"not tried: {self.unplayed}"
        if not self.script_count:
            return "nothing is left behind that today's code would read"
        return f"tried: today's code goes on with what this leaves behind in {named}"
