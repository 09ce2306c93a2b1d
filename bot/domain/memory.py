"""What the bot remembers: faults, what mended them, how that turned out, and people's notes."""

from typing import Literal

from pydantic import AwareDatetime, Field

from bot.domain.record import Record
from bot.domain.watch import Judgement

MemoryKind = Literal["fault", "fix", "lesson", "note"]


class Memory(Record):
    """One thing remembered. `key` makes remembering it twice harmless: the newer text counts.

    A `fix` names the run and proposal; `outcome` is set once it was watched. A `lesson` says what
    did not work. A `note` is a person's own words.
    """

    key: str
    kind: MemoryKind
    text: str = Field(min_length=1, max_length=4_000)
    event: str = ""
    fingerprint: str = ""
    exception: str = ""
    file: str = ""
    function: str = ""
    run_id: str | None = None
    number: int | None = Field(default=None, description="of the pull request")
    approach: str = Field(default="", description="what was changed, in a line")
    diff_hash: str = Field(default="", description="of a fix's diff: the same is known again")
    outcome: Judgement | None = None
    by: str = Field(default="", description="who said it; empty: learned")
    at: AwareDatetime


class Recalled(Record):
    """A memory that fits a question, with how well: 0 to 1, outcome counted in."""

    memory: Memory
    score: float = Field(ge=0, le=1)
    because: str = Field(description="the same failure, the same function, the words")


class Recall(Record):
    """What to look for; what is empty does not count. Words are people's, and only data."""

    words: str = ""
    event: str = ""
    fingerprint: str = ""
    exception: str = ""
    file: str = ""
    function: str = ""
    kinds: tuple[MemoryKind, ...] = ()
    limit: int = Field(default=5, ge=1, le=100)
