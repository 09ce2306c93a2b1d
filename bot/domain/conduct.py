"""Conduct: what the bot's own activity amounts to, over many runs that are each harmless."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record


class ConductRule(StrEnum):
    """The rules over the bot's own activity, by what they find."""

    RUN_CHAIN = "run_chain"  # runs that cause runs
    GROWTH = "growth"  # more own runs each day
    OSCILLATION = "oscillation"  # one place, changed back and forth
    SELF_SERVING = "self_serving"  # changes of its own machinery that serve no user


class ConductRules(Record):
    """From when on the bot's own activity opens an incident. 0 turns a rule off."""

    run_chain: int = Field(
        default=3, ge=0, le=100, description="own runs, each caused by the one before"
    )
    growth_runs: int = Field(
        default=6,
        ge=0,
        le=1_000,
        description="own runs in the last day, if that grows for the second day",
    )
    oscillations: int = Field(
        default=2, ge=0, le=100, description="changes that take back an earlier one in the file"
    )
    self_serving: int = Field(
        default=2, ge=0, le=100, description="changes of its own machinery within a week"
    )


class FileEdit(NamedTuple):
    """What a change did to one file, as the texts of its lines without indentation."""

    file: str
    added: frozenset[str]
    removed: frozenset[str]


class OwnRun(NamedTuple):
    """One run, as far as rules over many runs need it.

    `by_itself` is true if no person asked for it. `cause` is the run whose change it is about.
    `users` is true if the failure or request is one of users. `edits` are those of a proposed
    change, `shipped_at` is when it was merged.
    """

    id: str
    at: datetime
    by_itself: bool
    cause: str | None = None
    users: bool = True
    edits: tuple[FileEdit, ...] = ()
    shipped_at: datetime | None = None


class Conduct(Record):
    """One finding. `subject` is the file, or the first run of a chain; else it is empty."""

    rule: ConductRule
    subject: str = ""
    runs: tuple[str, ...] = Field(description="ids of the runs that it is about, oldest first")
    summary: str = Field(description="what was found, with numbers; for people")
    at: AwareDatetime

    @property
    def key(self) -> str:
        """The identity of its incident."""
        return f"{self.rule}:{self.subject}"
