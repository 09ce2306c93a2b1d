"""What is wanted of a change, agreed on before it is written: the contract of goal `change`."""

import hashlib
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field

from bot.domain.flag import FlagName
from bot.domain.memory import Recalled
from bot.domain.people import Person
from bot.domain.plan import Risk
from bot.domain.proof import ProofKind
from bot.domain.proposal import How
from bot.domain.record import Record
from bot.domain.rehearsal import Script

Absence = Literal["no such command", "no such option", "no such cog", "another answer"]
"""Why today's code does not do what an example shows. A button that is not there is another answer.

Where a script's cog is not there, that is why, whatever else is said.
"""

MOST_QUESTIONS = 3


class Wanted(Record):
    """What people must see of one step of an example.

    `step` counts the script's steps from 0. All of `shows` stands in what whoever does it sees of
    it, at least one of `one_of` where there are any, and none of `hides`; there is a text in
    `shows` or `one_of`. Texts are compared letter by letter, with people by their names: `@bob`.
    Nobody gets an error. `one_of` is left to chance: with other luck another of them comes up.
    """

    step: int = Field(ge=0)
    shows: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    hides: tuple[str, ...] = Field(
        default=(),
        description="what tells it from the other examples of the same command: no fixed answer "
        "may do for all of them",
    )


class Acceptance(Record):
    """One example of what is wanted, as people read it and as it is played."""

    former_names: ClassVar = {"told": "expected"}

    asked: str = Field(description="what somebody does: `/coinflip times:3`")
    expected: str = Field(description="what they get, in words: three results")
    script: Script
    wanted: tuple[Wanted, ...] = Field(min_length=1)
    missing: Absence = Field(description="why it is red on base")


class BriefQuestion(Record):
    """What has to be known before it is built; unanswered, `default` counts."""

    text: str = Field(min_length=1, max_length=500)
    default: str = Field(min_length=1, max_length=200)
    choices: tuple[str, ...] = Field(default=(), max_length=5)


class Brief(Record):
    """What a request comes to. `request` is what the person said, word for word.

    `objection` is why nothing is to be built: the request does not fit, or cannot be done; then
    nothing else counts. What is proven otherwise than by `acceptances` says so in `proofs`. Where
    `flag` names one, all of it is off until people switch that on; examples have it on.
    """

    former_names: ClassVar = {"not_meant": "out_of_scope"}

    request: str
    understood: str = Field(description="what is wanted, in our words: a sentence or two")
    out_of_scope: tuple[str, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    questions: tuple[BriefQuestion, ...] = Field(default=(), max_length=MOST_QUESTIONS)
    proofs: tuple[ProofKind, ...] = ()
    risk: Risk = "low"
    flag: FlagName | Literal[""] = ""
    estimate_usd: float = Field(default=0.0, ge=0)
    candidates: int = Field(default=1, ge=1, description="how many are written, to choose from")
    objection: str = ""
    written_by: str = ""

    @property
    def digest(self) -> str:
        """What was agreed to, in a word: SHA-256 of all of it, as 64 hexadecimal digits."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Agreement(Record):
    """Somebody's go-ahead for one brief, by its digest; without a `person` its time was up."""

    digest: str
    person: Person | None = None
    at: AwareDatetime
    how: How | Literal["time"]


class CommandUse(Record):
    """A command there is: how often it was used lately, and by how many people."""

    name: str
    cog: str = ""
    uses: int = Field(default=0, ge=0)
    people: int = Field(default=0, ge=0)


class ChangeContext(Record):
    """What there is already that a request may be about. Deterministic; words in it are data."""

    commands: tuple[CommandUse, ...] = ()
    named: tuple[str, ...] = Field(default=(), description="files the request is about, as found")
    tests: tuple[str, ...] = Field(default=(), description="tests of those files")
    cogs: tuple[str, ...] = Field(default=(), description="every file under `cogs`")
    memories: tuple[Recalled, ...] = ()
