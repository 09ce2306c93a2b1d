"""What an engine reports while it works: its to-do list, and what it says and does."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

MOST_TODOS = 30
_LONGEST_TODO = 300


class Todo(Record):
    """One item of the list by which an engine shows its plan of work. The text is untrusted."""

    text: str = Field(max_length=_LONGEST_TODO)
    status: Literal["pending", "active", "done"] = "pending"


class TranscriptEntry(Record):
    """What a model said, what it called, or what a call returned; untrusted and not redacted."""

    author: str = Field(description="what the call is for: `plan`, `execute`, `review`")
    kind: Literal["text", "call", "result"]
    text: str


class TranscriptLine(Record):
    """One entry of a run's live transcript, redacted. `number` counts from 1 in each run."""

    number: int
    at: AwareDatetime
    author: str
    kind: Literal["text", "call", "result", "step"]
    text: str
