"""A gateway session that one process hands over to the next."""

from pydantic import Field
from theseus_guard.record import Record


class GatewaySession(Record):
    """Where to resume: all events up to `sequence` have been dispatched to the listeners."""

    session_id: str = Field(min_length=1)
    sequence: int = Field(ge=0)
    gateway_url: str = Field(min_length=1, description="where the session can be resumed")
