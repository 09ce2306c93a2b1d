"""Memories: faults, their fixes, the results of these fixes, and people's notes."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

from bot.domain.names import Name
from bot.domain.watch import Judgement

MemoryKind = Literal["fault", "fix", "lesson", "note"]

LONGEST_TEXT = 4_000
LONGEST_NAME = 300


class Memory(Record):
    """One memory.

    A memory with the same `key` replaces the older text, so storing twice is harmless.

    A `fault` is one fingerprint; `at` is when it was last seen. A `fix` names the run and the pull
    request; `outcome` is set after it was watched. A `lesson` says what did not work. A `note` is a
    person's own text.
    """

    key: str = Field(min_length=1, max_length=LONGEST_NAME)
    kind: MemoryKind
    text: str = Field(min_length=1, max_length=LONGEST_TEXT)
    event: str = Field(default="", max_length=LONGEST_NAME)
    fingerprint: str = Field(default="", max_length=LONGEST_NAME)
    exception: str = Field(default="", max_length=LONGEST_NAME)
    file: str = Field(default="", max_length=LONGEST_NAME)
    function: str = Field(default="", max_length=LONGEST_NAME)
    run_id: str | None = None
    number: int | None = Field(default=None, description="of the pull request")
    approach: str = Field(
        default="", max_length=LONGEST_TEXT, description="what was changed, in one line"
    )
    diff_hash: str = Field(
        default="", description="the hash of a fix's diff, to recognise an equal fix"
    )
    outcome: Judgement | None = None
    by: Name = Field(
        default="", max_length=LONGEST_NAME, description="the author of a note; empty if learned"
    )
    by_id: int | None = Field(default=None, description="the author's id, if known")
    times: int = Field(default=0, ge=0, description="how often a fault was seen, at the least")
    first_at: AwareDatetime | None = Field(default=None, description="when a fault was first seen")
    at: AwareDatetime

    @property
    def has_failed(self) -> bool:
        """True if the fix is known not to have held."""
        return self.outcome in ("not_fixed", "regressed")


class Recalled(Record):
    """A memory that matches a query, with a score from 0 to 1 that includes its outcome."""

    memory: Memory
    score: float = Field(ge=0, le=1)
    because: str = Field(description="the reason: the same failure, the same function, the text")


class Recall(Record):
    """A query of the memory; empty fields do not count.

    Its text is people's, and untrusted data.
    """

    text: str = ""
    event: str = ""
    fingerprint: str = ""
    exception: str = ""
    file: str = ""
    function: str = ""
    kinds: tuple[MemoryKind, ...] = ()
    limit: int = Field(default=5, ge=1, le=1_000)

    @property
    def is_empty(self) -> bool:
        """True if there is nothing to search for; the newest memories are returned then."""
        places = self.event, self.fingerprint, self.exception, self.file, self.function
        return not (self.text.strip() or any(places))
