"""Briefs: what a change must do, agreed on before it is written (for runs with goal `change`)."""

import hashlib
from typing import ClassVar, Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record
from theseus_rehearsal.records import Script

from bot.domain.flag import FlagName
from bot.domain.memory import Recalled
from bot.domain.people import Person
from bot.domain.plan import Risk
from bot.domain.proof import ProofKind
from bot.domain.proposal import How

Absence = Literal["no such command", "no such option", "no such cog", "another answer"]
"""Why today's code does not do what an example shows.

A missing button counts as `another answer`. If the cog of a script is missing, the reason is
`no such cog`, whatever else is missing.
"""

MOST_QUESTIONS = 3


class Wanted(Record):
    """The output that people must see at one step of an example.

    `step` is the index of the script's step, from 0. The output must contain all texts of `shows`,
    at least one of `one_of` (if there are any), and none of `hides`; `shows` or `one_of` has at
    least one text. Texts are compared exactly, with people shown by name: `@bob`. No one may get an
    error. `one_of` is for random results: another seed may show another of them.
    """

    step: int = Field(ge=0)
    shows: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    hides: tuple[str, ...] = Field(
        default=(),
        description="texts of the other examples of the same command: one fixed answer "
        "must not satisfy all of them",
    )


class Acceptance(Record):
    """One example of the wanted behaviour, as people read it and as a script that is run."""

    former_names: ClassVar = {"told": "expected"}

    asked: str = Field(description="what a person does: `/coinflip times:3`")
    expected: str = Field(description="what they get, described: three results")
    script: Script
    wanted: tuple[Wanted, ...] = Field(min_length=1)
    missing: Absence = Field(description="why it fails on base")


class BriefQuestion(Record):
    """A question to answer before the change is written; `default` applies if no one answers."""

    text: str = Field(min_length=1, max_length=500)
    default: str = Field(min_length=1, max_length=200)
    choices: tuple[str, ...] = Field(default=(), max_length=5)


class Brief(Record):
    """The specification of a request. `request` is the person's text, unchanged.

    `objection` is the reason why nothing will be built (the request does not fit or cannot be
    done); the other fields do not count then. `proofs` names the proofs that are needed besides
    `acceptances`. If `flag` is set, the change is off until people switch this flag on; examples
    run with it on.
    """

    former_names: ClassVar = {"not_meant": "out_of_scope"}

    request: str
    understood: str = Field(description="what is wanted, rephrased: a sentence or two")
    out_of_scope: tuple[str, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    questions: tuple[BriefQuestion, ...] = Field(default=(), max_length=MOST_QUESTIONS)
    proofs: tuple[ProofKind, ...] = ()
    risk: Risk = "low"
    flag: FlagName | Literal[""] = ""
    estimate_usd: float = Field(default=0.0, ge=0)
    candidates: int = Field(
        default=1, ge=1, description="the number of candidates that are written"
    )
    objection: str = ""
    written_by: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of the whole brief, as 64 hexadecimal digits. Agreements refer to it."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


class Agreement(Record):
    """A person's agreement to one brief, by its digest.

    Without a `person`, the time to object ended.
    """

    digest: str
    person: Person | None = None
    at: AwareDatetime
    how: How | Literal["time"]


class CommandUse(Record):
    """An existing command: how often it was used lately, and by how many people."""

    name: str
    cog: str = ""
    uses: int = Field(default=0, ge=0)
    people: int = Field(default=0, ge=0)


class ChangeContext(Record):
    """Existing commands and code that a request may be about.

    It is collected by rules, without a model. Text in it is untrusted data.
    """

    commands: tuple[CommandUse, ...] = ()
    named: tuple[str, ...] = Field(
        default=(), description="files that the request seems to be about"
    )
    tests: tuple[str, ...] = Field(default=(), description="tests of those files")
    cogs: tuple[str, ...] = Field(default=(), description="every file under `cogs`")
    memories: tuple[Recalled, ...] = ()
