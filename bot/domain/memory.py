"""What the bot remembers: faults, what mended them, how that turned out, and people's notes."""

from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.names import Name
from bot.domain.record import Record
from bot.domain.watch import Judgement

MemoryKind = Literal["fault", "fix", "lesson", "note"]

LONGEST_TEXT = 4_000
LONGEST_NAME = 300


class Memory(Record):
    """One thing remembered. `key` makes remembering it twice harmless: the newer text counts.

    A `fault` is one fingerprint, `at` when it was last seen. A `fix` names the run and proposal;
    `outcome` is set once it was watched. A `lesson` says what did not work. A `note` is a person's
    own words.
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
        default="", max_length=LONGEST_TEXT, description="what was changed, in a line"
    )
    diff_hash: str = Field(default="", description="of a fix's diff: the same is known again")
    outcome: Judgement | None = None
    by: Name = Field(default="", max_length=LONGEST_NAME, description="who said it; empty: learned")
    by_id: int | None = Field(default=None, description="of who said it, where that is known")
    times: int = Field(default=0, ge=0, description="how often a fault was seen, at least")
    first_at: AwareDatetime | None = Field(default=None, description="when a fault was first seen")
    at: AwareDatetime

    @property
    def has_failed(self) -> bool:
        """Whether it is known not to have held."""
        return self.outcome in ("not_fixed", "regressed")


class Recalled(Record):
    """A memory that fits a question, with how well: 0 to 1, outcome counted in."""

    memory: Memory
    score: float = Field(ge=0, le=1)
    because: str = Field(description="the same failure, the same function, the words")


class Recall(Record):
    """What to look for; what is empty does not count. Words are people's, and only data."""

    text: str = ""
    event: str = ""
    fingerprint: str = ""
    exception: str = ""
    file: str = ""
    function: str = ""
    kinds: tuple[MemoryKind, ...] = ()
    limit: int = Field(default=5, ge=1, le=100)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for: then the newest are meant."""
        places = self.event, self.fingerprint, self.exception, self.file, self.function
        return not (self.text.strip() or any(places))
