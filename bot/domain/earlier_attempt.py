"""How an earlier attempt at the same request ended, so that a new one can say what has changed."""

from pydantic import AwareDatetime
from theseus_guard.record import Record


class EarlierAttempt(Record):
    """One ended attempt. `engine` wrote its change, if there was one; `base` is its commit."""

    run_id: str
    attempt: int
    ended_at: AwareDatetime
    reason: str
    base: str = ""
    engine: str = ""
    fingerprint: str = ""
    files: tuple[str, ...] = ()
    cost_usd: float = 0.0
    cap_usd: float | None = None
