"""How the program ends and begins."""

from pydantic import Field
from theseus_guard.record import Record


class RestartConfig(Record):
    """How the program ends and begins. But for `drain_seconds`, the supervisor's rules.

    They count from the next start of the service on.
    """

    drain_seconds: float = Field(
        default=20.0, ge=0, le=600, description="at an end, for what is under way"
    )
    probation_seconds: float = Field(
        default=60.0, gt=0, le=3_600, description="in which new code is taken back if it fails"
    )
    ready_seconds: float = Field(
        default=30.0, gt=0, le=600, description="in which new code has to be connected"
    )
    silent_seconds: float = Field(
        default=15.0, ge=3, le=600, description="on probation, without a sign of life"
    )
    hung_seconds: float = Field(
        default=120.0, ge=10, le=3_600, description="later, without a sign of life"
    )
    memory_mb: float = Field(default=1_024.0, ge=128, le=1_048_576, description="on probation")
