"""What happens if another process leads already, and how soon a silent leader is replaced."""

from pydantic import Field
from theseus_guard.record import Record


class AvailabilityConfig(Record):
    """Several processes on one state in PostgreSQL; see docs/standby.md."""

    standby: bool = Field(
        default=False, description="wait while another process leads, instead of ending"
    )
    silent_seconds: float = Field(
        default=10.0, ge=3, le=600, description="after which a leader that does nothing is replaced"
    )
