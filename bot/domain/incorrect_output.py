"""Reports of incorrect output: an example command, its answer today, and the expected answer."""

from typing import ClassVar

from pydantic import Field
from theseus_guard.record import Record
from theseus_rehearsal.records import Script

from bot.domain.evidence import Commit


class AnswerExample(Record):
    """A command with a reported incorrect answer, as a script that can be run again.

    `script` runs the command at step `at` (from 0). Earlier steps are set-up; later steps only let
    time pass. The script contains the command alone until it is known whether set-up is needed.
    """

    asked: str = Field(description="as it is typed: `/roll dice:4d6kh3+10`")
    event: str = Field(description="what the journal calls it: `command.roll`")
    cog: str = Field(description="the module under `cogs`")
    file: str = Field(default="", description="the file that defines the command, if found")
    script: Script
    at: int = Field(default=0, ge=0)


class AnswerSince(Record):
    """The commit that changed the example's answer, and the first line that differs.

    `before` is the newest commit known to give the old answer. `unplayed` counts the commits
    between the two that could not be replayed, or were not because the limit of replays was
    reached.
    """

    commit: Commit
    before: str
    old: str
    new: str
    unplayed: int = Field(default=0, ge=0)


class IncorrectOutput(Record):
    """What is known about a report of incorrect output so far; `attempt` is the run's.

    Without an `example`, either the command is unknown, and `likely` lists recently used ones; or
    its options are unknown, and `form` shows how it is typed. `today` is the current answer, one
    line each. `expected` is text that the answer must contain, once a person has given it.
    """

    former_names: ClassVar = {"plays": "replay_count"}

    attempt: int = Field(ge=1)
    example: AnswerExample | None = None
    likely: tuple[str, ...] = ()
    form: str = Field(default="", description="`/remind in:… about:…`")
    today: tuple[str, ...] = ()
    since: AnswerSince | None = None
    commits: int = Field(default=0, ge=0, description="the number of commits to search")
    replay_count: int = Field(default=0, ge=0)
    expected: str = ""
