"""A gateway session that one process leaves to another."""

from pydantic import Field

from bot.domain.record import Record


class GatewaySession(Record):
    """Where to go on: every event up to `sequence` has been handed to what listens."""

    session_id: str = Field(min_length=1)
    sequence: int = Field(ge=0)
    gateway_url: str = Field(min_length=1, description="where the session may be resumed")
