"""The state of a detector as a record, with which it continues after a restart."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field
from theseus_guard.record import Record

from bot.detection.deploys import Deploy
from bot.detection.sketch import from_text

Buckets = tuple[tuple[int, int, int], ...]
"""Number of the bucket since 1970, actions, failures."""


def _check_packed(text: str) -> str:
    from_text(text)
    return text


Sketches = tuple[tuple[int, Annotated[str, AfterValidator(_check_packed)]], ...]
"""Number of the bucket since 1970, and the sketch in it as text."""

Seen = tuple[tuple[float, str], ...]
"""When, and the record's id: oldest first."""

Slots = tuple[tuple[int, int, int, float], ...]
"""Number of the slot, actions, failures, p95 in ms."""


Hours = tuple[tuple[int, int], ...]
"""The number of the hour since 1970, and the count."""


class KindState(Record):
    """The state of one kind of action. `minutes` and `baseline_hours` are those of its rules."""

    event: str
    seen: int = Field(ge=0)
    minutes: float = 0.0
    window: Buckets = ()
    latency_minutes: float = 0.0
    durations: Sketches = ()
    baseline_hours: float = 0.0
    baseline: Sketches = ()
    limit: int | None = None
    history: Slots = ()
    hours: Hours = ()
    failures: Seen = ()
    slow: Seen = ()
    rate_on: float | None = None
    slow_on: float | None = None
    wrong: float | None = None


class FailureState(Record):
    """The state of one fingerprint of one kind of action."""

    event: str
    fingerprint: str
    seen: int = Field(ge=0)
    minutes: float = 0.0
    window: Buckets = ()
    history: Slots = ()
    hours: Hours = ()
    failures: Seen = ()
    risen_on: float | None = None
    usual: bool = False


class DetectorState(Record):
    """The complete state. Times are in seconds since 1970. `events_kept` limits the size."""

    former_names: ClassVar = {"told": "alerts"}

    now: float | None = None
    commit: str | None = None
    deploys: tuple[Deploy, ...] = ()
    alerts: dict[str, float] = Field(default_factory=dict, description="when, by an anomaly's key")
    held: tuple[tuple[str, str | None], ...] = Field(
        default=(), description="event and fingerprint of what waits for a deploy to settle"
    )
    kinds: tuple[KindState, ...] = ()
    failures: tuple[FailureState, ...] = ()
