"""Failures as the journal records them."""

from itertools import count

from bot.domain.journal import Action, ActionOutcome, Capsule, Frame, Kind
from tests.fakes.fake_clock import FakeClock

DEV = 10


def make_capsule(
    *,
    exception: str = "IndexError",
    message: str = "string index out of range",
    file: str = "cogs/dice.py",
    line: int = 8,
    function: str = "face",
    fingerprint: str = "f1f1f1f1f1f1",
    **arguments: str,
) -> Capsule:
    """Return the capsule of one failure."""
    frame = Frame(file=file, line=line, function=function, arguments=arguments or {"value": "6"})
    return Capsule(exception=exception, message=message, fingerprint=fingerprint, frames=(frame,))


_numbers = count(1)


def make_failure(
    clock: FakeClock,
    error: Capsule | None = None,
    *,
    name: str = "roll",
    kind: Kind = Kind.COMMAND,
    channel_id: int | None = DEV,
) -> Action:
    """Return the journal's record of a failure that happens now."""
    return Action(
        ts=clock.now(),
        id=f"{next(_numbers):026}",
        event=f"{kind.value}.{name}",
        kind=kind,
        name=name,
        outcome=ActionOutcome.ERROR,
        channel_id=channel_id,
        error=error or make_capsule(),
    )
