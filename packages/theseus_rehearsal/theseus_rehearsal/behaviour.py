"""Behaviour differences: the answers of two commits to the same scripts, compared."""

from typing import ClassVar

from pydantic import Field
from theseus_guard.record import Record

from theseus_rehearsal.records import PlayDifference


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
