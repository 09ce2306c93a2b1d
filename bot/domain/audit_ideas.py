"""What a model reads in a self-audit, and what it proposes."""

from pydantic import Field
from theseus_guard.record import Record

from bot.domain.cost import Cost

MOST_IDEAS = 5
LONGEST_IDEA, LONGEST_REASON = 300, 400


class AuditSample(Record):
    """A bounded sample, without secrets: lines about what happens, and files of the live commit.

    All of it is untrusted data. `known` are the open requests, which need no repetition.
    """

    key: str = Field(description="names the audit; an audit is read once")
    patterns: tuple[str, ...] = ()
    sources: tuple[tuple[str, str], ...] = Field(default=(), description="paths and their texts")
    known: tuple[str, ...] = ()


class AuditIdea(Record):
    """One proposed change, as a request that people can start. `value` is 5 at most."""

    text: str = Field(min_length=1, max_length=LONGEST_IDEA)
    reason: str = Field(default="", max_length=LONGEST_REASON)
    value: int = Field(default=1, ge=1, le=5)


class AuditIdeas(Cost):
    """The proposals of one reading, and its cost."""

    ideas: tuple[AuditIdea, ...] = ()
