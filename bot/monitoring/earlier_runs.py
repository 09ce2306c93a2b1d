"""Finds runs that already exist for a fault, no matter who started them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.history import History
from bot.domain.incident import Incident
from bot.domain.run import Run, Stage, Status
from bot.monitoring.incident_repository import IncidentRepository
from bot.presentation.cards import format_status
from bot.presentation.times import format_timestamp
from bot.self_improvement import SelfImprovementAgent

_LET_BE = timedelta(days=1)
_LOOKED_AT = 50  # the newest runs
_LOOKING = timedelta(minutes=2)  # what a run needs to find out which failure it is about
UNSUCCESSFUL = frozenset({Status.FAILED, Status.CANCELLED, Status.REJECTED, Status.QUARANTINED})


@dataclass(frozen=True)
class EarlierRun:
    """A reason not to start another run.

    `run`: a run is under way. `why`: a run has ended, and another one has to wait. `unclear`: a run
    has just begun and does not know its failure yet.
    """

    run: Run | None = None
    why: str = ""
    unclear: bool = False


@dataclass(frozen=True, eq=False)
class EarlierRuns:
    """Searches the newest runs."""

    incident_repository: IncidentRepository
    agent: SelfImprovementAgent

    async def look(self, incident: Incident, now: datetime) -> EarlierRun:
        """Return what exists for the incident's fault: a run under way first, then a recent one."""
        related = {
            each.id for each in self.incident_repository.incidents if each.is_same_fault(incident)
        }
        unclear, recent = False, EarlierRun()
        reverts: dict[str, Run] = {}  # by the run that each took back; newer than that run
        for run in await self.agent.list_runs(limit=_LOOKED_AT):
            if run.has_ended and has_lapsed(run, now):
                continue
            if run.goal == "revert" and run.status is Status.DONE and run.trigger.reverts:
                reverts[run.trigger.reverts] = run
            history = await self.agent.get_history(run.id)
            fingerprint = _get_fingerprint(history)
            is_same = fingerprint is not None and fingerprint == incident.fingerprint
            if not is_same and run.trigger.incident not in related:
                unclear = unclear or _has_just_begun(run, now)
            elif not run.has_ended and history.shipment is None:
                return EarlierRun(run=run)
            elif not recent.why:
                recent = EarlierRun(why=_find_obstacle(run, history, reverts.get(run.id)))
        return EarlierRun(why=recent.why, unclear=unclear)


def has_lapsed(run: Run, now: datetime) -> bool:
    """Return whether a run ended so long ago that it no longer prevents another run."""
    return now - run.updated_at >= _LET_BE


def _has_just_begun(run: Run, now: datetime) -> bool:
    return run.stage is Stage.OBSERVE and not run.has_ended and now - run.created_at < _LOOKING


def _find_obstacle(run: Run, history: History, revert: Run | None) -> str:
    """Return why no run may follow that run for now; empty if one may.

    `revert`: the run that took its change back. People wanted that, so the bot does not undo it.
    """
    until = format_timestamp(run.updated_at + _LET_BE)
    if run.status in UNSUCCESSFUL:
        return (
            f"Run `{run.id}` for the same fault ended without a fix ({format_status(run)}). I try "
            f"again by myself after {until}."
        )
    if history.shipment is not None and revert is not None:
        return (
            f"Run `{run.id}` fixed this fault, and run `{revert.id}` reverted the fix, as "
            f"{revert.trigger.person.name} asked. I start no other run by myself before {until}; "
            "“Fix it” starts one."
        )
    if history.shipment is not None:
        return (
            f"Run `{run.id}` shipped a change for the same fault. I start no other run before "
            f"{until}."
        )
    return ""


def _get_fingerprint(history: History) -> str | None:
    """Return the fingerprint of the failure that a run is about, if it is known."""
    if history.diagnosis is not None:
        return history.diagnosis.fingerprint or None
    groups = history.evidence.groups if history.evidence is not None else ()
    return groups[0].fingerprint if groups else None
