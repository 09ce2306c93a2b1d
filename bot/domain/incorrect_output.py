"""A complaint that a command answers wrongly: its example, what it is answered, what is right."""

from typing import ClassVar

from pydantic import Field

from bot.domain.evidence import Commit
from bot.domain.record import Record
from bot.domain.rehearsal import Script


class AnswerExample(Record):
    """A command that is said to be answered wrongly, as it can be asked again.

    `script` asks it at its step `at` (from 0): what comes before is set-up, what comes after only
    lets time pass. It asks the command alone until it is known whether it needs set-up.
    """

    asked: str = Field(description="as it is typed: `/roll dice:4d6kh3+10`")
    event: str = Field(description="what the journal calls it: `command.roll`")
    cog: str = Field(description="the module under `cogs`")
    file: str = Field(default="", description="where the command is written, if that was found")
    script: Script
    at: int = Field(default=0, ge=0)


class AnswerSince(Record):
    """The commit since which the example is answered otherwise, and the first line that differs.

    `before` is the newest commit that still gave the old answer; the `unplayed` between them could
    not be played, or were not, because enough was.
    """

    commit: Commit
    before: str
    old: str
    new: str
    unplayed: int = Field(default=0, ge=0)


class IncorrectOutput(Record):
    """What is known of such a complaint so far; `attempt` is the run's.

    Without an `example` it is not known which command is meant, and `likely` are some that were
    used lately; or it is, and not its options: `form` is how it is typed then. `today` is what
    people read now, a line each. `expected` is what has to stand in the answer, once a person has
    said it.
    """

    former_names: ClassVar = {"plays": "replay_count"}

    attempt: int = Field(ge=1)
    example: AnswerExample | None = None
    likely: tuple[str, ...] = ()
    form: str = Field(default="", description="`/remind in:… about:…`")
    today: tuple[str, ...] = ()
    since: AnswerSince | None = None
    commits: int = Field(default=0, ge=0, description="how many there are to look through")
    replay_count: int = Field(default=0, ge=0)
    expected: str = ""
