"""Journals of many days for the tests of goals."""

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.journal import Action, ActionOutcome, Kind
from bot.domain.objective import MeasureName, Objective, Requirement
from tests.fakes.fake_clock import START
from tests.support.agent_harness import ALICE, make_capsule

NOW = START
DAY = timedelta(days=1)


def make_use(
    age_days: float, *, name: str = "roll", user: str = "u1", ms: float = 100.0, error: str = ""
) -> Action:
    """Return one use of a command, so many days ago; with `error`, it failed with that."""
    at = NOW - age_days * DAY
    capsule = make_capsule(fingerprint=error) if error else None
    return Action(
        ts=at,
        id=f"{at.timestamp():.0f}{user}{name}{error}{ms}",
        event=f"command.{name}",
        kind=Kind.COMMAND,
        name=name,
        outcome=ActionOutcome.ERROR if error else ActionOutcome.OK,
        duration_ms=ms,
        user=user,
        error=capsule,
    )


def make_days(number: int, uses: int, **kind: str | float) -> Iterable[Action]:
    """Yield so many uses on each of the last days, the oldest first."""
    for day in range(number, 0, -1):
        for each in range(uses):
            yield make_use(day - 0.5 + each / 1_000, **kind)  # type: ignore[arg-type]


def make_objective(
    measure: MeasureName, target: float, *, id: str = "g1", parent: str | None = None,
    days: int = 7, **more: str,
) -> Objective:  # fmt: skip
    """Return an objective that is due in a month."""
    bound = more.pop("bound", "at least" if measure in _HIGHER else "at most")
    return Objective(
        id=id,
        text=measure.value,
        requirement=Requirement.model_validate(
            {"measure": measure, "target": target, "days": days, "bound": bound, **more}
        ),
        due=NOW + 30 * DAY,
        parent=parent,
        set_by=ALICE,
        set_at=NOW,
    )


_HIGHER = (MeasureName.RETURNING, MeasureName.USE)
