"""Runs about a fault that there are already, whoever asked for them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.history import History
from bot.domain.incident import Incident
from bot.domain.run import Run, Stage, Status
from bot.monitoring.incident_repository import IncidentRepository
from bot.presentation.cards import status_text
from bot.presentation.times import format_timestamp
from bot.self_improvement import SelfImprovementAgent

_LET_BE = timedelta(days=1)
_LOOKED_AT = 50
_LOOKING = timedelta(minutes=2)
UNSUCCESSFUL = frozenset({Status.FAILED, Status.CANCELLED, Status.REJECTED, Status.QUARANTINED})


@dataclass(frozen=True)
class EarlierRun:
    """What stands in the way of another run.

    `run`: one is under way. `why`: there was one, and for now none is to follow. `unclear`: one
    has begun that has not said yet what it is about.
    """

    run: Run | None = None
    why: str = ""
    unclear: bool = False


class EarlierRuns:
    """Looks through the newest runs."""

    def __init__(
        self, incident_repository: IncidentRepository, agent: SelfImprovementAgent
    ) -> None:
        self._incident_repository = incident_repository
        self._agent = agent

    async def look(self, incident: Incident, now: datetime) -> EarlierRun:
        """Return what there is about that fault: what is under way first, then what was lately."""
        related = {
            each.id for each in self._incident_repository.incidents if each.is_same_fault(incident)
        }
        unclear, lately = False, EarlierRun()
        for run in await self._agent.list_runs(limit=_LOOKED_AT):
            if run.has_ended and has_lapsed(run, now):
                continue
            history = await self._agent.get_history(run.id)
            about = _get_fingerprint(history)
            same = about is not None and about == incident.fingerprint
            if not same and run.trigger.incident not in related:
                unclear = unclear or _has_just_begun(run, now)
            elif not run.has_ended and history.shipment is None:
                return EarlierRun(run=run)
            elif not lately.why:
                lately = EarlierRun(why=_find_obstacle(run, history))
        return EarlierRun(why=lately.why, unclear=unclear)


def has_lapsed(run: Run, now: datetime) -> bool:
    """Whether a run that ended is no reason any more to let its fault be."""
    return now - run.updated_at >= _LET_BE


def _has_just_begun(run: Run, now: datetime) -> bool:
    return run.stage is Stage.OBSERVE and not run.has_ended and now - run.created_at < _LOOKING


def _find_obstacle(run: Run, history: History) -> str:
    """Return why none is to follow that run for now; empty where one may."""
    until = format_timestamp(run.updated_at + _LET_BE)
    if run.status in UNSUCCESSFUL:
        return (
            f"Run `{run.id}` about the same came to nothing ({status_text(run)}); by myself I try "
            f"again after {until}."
        )
    if history.shipment is not None:
        return f"Run `{run.id}` shipped a change for the same; I do nothing more before {until}."
    return ""


def _get_fingerprint(history: History) -> str | None:
    """Return which failure a run is about, as far as it knows."""
    if history.diagnosis is not None:
        return history.diagnosis.fingerprint or None
    groups = history.evidence.groups if history.evidence is not None else ()
    return groups[0].fingerprint if groups else None
