"""The review of an incident that is over: what happened, why it was not caught, what follows."""

from typing import Literal

from pydantic import AwareDatetime, Field
from theseus_guard.record import Record

MOST_ACTIONS = 4


class TimelineEntry(Record):
    """One moment, from a record."""

    at: AwareDatetime
    text: str


class ActionItem(Record):
    """One thing to do, and the feature request that it became, if any."""

    text: str = Field(min_length=1, max_length=300)
    request_id: str | None = None


class IncidentReview(Record):
    """One review; one row, by the incident's id and the number of its recurrences.

    Everything comes from records, except `reading`: the cause as a model put it. It names no
    person, and its texts are data: they quote failures.
    """

    id: str
    incident: str
    kind: Literal["incident", "rollback"]
    target: str
    title: str
    severity: str
    began_at: AwareDatetime
    ended_at: AwareDatetime | None = None
    timeline: tuple[TimelineEntry, ...] = Field(default=(), description="oldest first")
    impact: tuple[str, ...] = ()
    cause: str
    reading: str = ""
    reading_by: str = Field(default="", description="the model that wrote `reading`")
    not_caught: tuple[str, ...] = ()
    prevention: tuple[str, ...] = ()
    actions: tuple[ActionItem, ...] = ()
    run_id: str | None = None
    at: AwareDatetime
