"""Incidents of code that was taken back: each opened once by its commit, closed by a later one."""

from collections.abc import Callable

from bot.domain.errors import WrongStage
from bot.domain.ids import create_run_id as new_id
from bot.domain.incident import Incident, Severity
from bot.domain.people import Person
from bot.domain.restart import RestartReport
from bot.domain.triage import Origin, Triage
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.clock import Clock
from bot.redaction import redact

EVENT = "reload.restart"
"""What is journalled of restarts."""


class RollbackIncidents:
    """Opens and closes them in the repository. `running` returns the commit that runs now."""

    def __init__(
        self, incident_repository: IncidentRepository, clock: Clock, running: Callable[[], str]
    ) -> None:
        self._incident_repository = incident_repository
        self._clock = clock
        self._running = running

    async def open(self, report: RestartReport) -> None:
        """Open it, or again where the same commit was taken back before. Raises `StoreError`."""
        now, told = self._clock.get_time(), _redact_report(report)
        known = self._find(report.commit)
        if known is None:
            self._incident_repository.put(self._build(told))
        elif known.rollback is not None and known.rollback.at != told.at:
            again: dict[str, object] = {}
            if not known.open:
                again = {"recurrences": known.recurrences + 1, "recurred_at": now, "closed_for": ""}
            self._incident_repository.change(
                known.id, **again, status="open", resolved_at=None, rollback=told,
                count=known.count + 1, last_at=now, noticed=told.why, title=_format_title(told),
            )  # fmt: skip
        await self._incident_repository.flush()

    async def settle(self) -> None:
        """Close those in whose place a later commit runs by now. Raises `StoreError`."""
        running = self._running()
        for each in self._incident_repository.open:
            if each.rollback is not None and _is_replaced(each.rollback, running):
                self._close(each, f"`{running[:7]}` runs in its place")
        await self._incident_repository.flush()

    async def close(self, incident: Incident, person: Person) -> Incident:
        """Close one because a person says so. Raises `WrongStage`, `StoreError`."""
        if incident.rollback is None:
            raise WrongStage(
                "That one closes by itself once it is quiet; mute it to hear no more of it."
            )
        if incident.open:
            incident = self._close(incident, f"{person.name} closed it")
            await self._incident_repository.flush()
        return incident

    def _find(self, commit: str) -> Incident | None:
        for each in self._incident_repository.incidents:
            if each.rollback is not None and each.rollback.commit == commit:
                return each
        return None

    def _close(self, incident: Incident, why: str) -> Incident:
        return self._incident_repository.change(
            incident.id, status="resolved", resolved_at=self._clock.get_time(), closed_for=why
        )

    def _build(self, report: RestartReport) -> Incident:
        now = self._clock.get_time()
        return Incident(
            id=new_id(),
            severity=Severity.HIGH,
            event=EVENT,
            name="a restart onto new code",
            title=_format_title(report),
            noticed=report.why,
            count=1,
            judged_count=1,
            opened_at=now,
            last_at=now,
            triage=Triage(
                origin=Origin.CODE, confidence="high", reasons=("it ran well before that commit",)
            ),
            rollback=report,
        )


def _is_replaced(report: RestartReport, running: str) -> bool:
    """Whether other code runs than before it and with it; or it runs, which a person had done."""
    if running == report.commit:
        return not report.not_back
    return bool(running) and running != report.previous


def _format_title(report: RestartReport) -> str:
    ends = "could not be taken back" if report.not_back else "was taken back"
    return f"The code of {report.commit[:7] or 'a restart'} {ends}"


def _redact_report(report: RestartReport) -> RestartReport:
    """Return it without secrets: what is stored is shown on pages."""
    told = {name: redact(getattr(report, name)) for name in ("why", "tail", "not_back", "reason")}
    return report.replace(**told)
