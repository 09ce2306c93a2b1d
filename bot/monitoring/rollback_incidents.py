"""Incidents of rolled back code: opened once per commit, closed when a later commit runs."""

from collections.abc import Callable
from dataclasses import dataclass

from theseus_observe.redaction import redact

from bot.domain.errors import WrongStage
from bot.domain.ids import create_run_id as new_id
from bot.domain.incident import Incident, Severity
from bot.domain.people import Person
from bot.domain.restart import RestartReport
from bot.domain.triage import Origin, Triage
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.clock import Clock

EVENT = "reload.restart"
"""The event under which restarts are journalled."""


@dataclass(frozen=True, eq=False)
class RollbackIncidents:
    """Opens and closes rollback incidents. `running` returns the commit that runs now."""

    incident_repository: IncidentRepository
    clock: Clock
    running: Callable[[], str]

    async def open(self, report: RestartReport) -> None:
        """Open an incident, or reopen the one of the same commit. Raises `StoreError`."""
        now, redacted = self.clock.now(), _redact_report(report)
        known = self._find(report.commit)
        if known is None:
            self.incident_repository.put(self._build(redacted))
        elif known.rollback is not None and known.rollback.at != redacted.at:
            changes: dict[str, object] = {}
            if not known.open:
                changes = {
                    "recurrences": known.recurrences + 1,
                    "recurred_at": now,
                    "closed_for": "",
                }
            self.incident_repository.change(
                known.id, **changes, status="open", resolved_at=None, rollback=redacted,
                count=known.count + 1, last_at=now, noticed=redacted.why,
                title=_format_title(redacted),
            )  # fmt: skip
        await self.incident_repository.flush()

    async def settle(self) -> None:
        """Close the incidents whose code a later commit has replaced. Raises `StoreError`."""
        running = self.running()
        for each in self.incident_repository.open:
            if each.rollback is not None and _is_replaced(each.rollback, running):
                why = f"`{running[:7]}` runs in its place"
                self.incident_repository.close(each, self.clock.now(), why)
        await self.incident_repository.flush()

    async def close(self, incident: Incident, person: Person) -> Incident:
        """Close an incident because a person says so. Raises `WrongStage`, `StoreError`."""
        if incident.rollback is None:
            raise WrongStage(
                "This incident closes by itself once it is quiet. Ignore it to stop its messages."
            )
        if incident.open:
            why = f"{person.name} closed it"
            incident = self.incident_repository.close(incident, self.clock.now(), why)
            await self.incident_repository.flush()
        return incident

    def _find(self, commit: str) -> Incident | None:
        for each in self.incident_repository.incidents:
            if each.rollback is not None and each.rollback.commit == commit:
                return each
        return None

    def _build(self, report: RestartReport) -> Incident:
        now = self.clock.now()
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
                origin=Origin.CODE,
                confidence="high",
                reasons=("the bot ran well before that commit",),
            ),
            rollback=report,
        )


def _is_replaced(report: RestartReport, running: str) -> bool:
    """Return whether another commit runs than before the rollback and with the bad commit.

    If the bad commit itself runs again, a person has started it, and the incident counts as settled
    unless the rollback had failed.
    """
    if running == report.commit:
        return not report.not_back
    return bool(running) and running != report.previous


def _format_title(report: RestartReport) -> str:
    result = "could not be rolled back" if report.not_back else "was rolled back"
    return f"The code of {report.commit[:7] or 'a restart'} {result}"


def _redact_report(report: RestartReport) -> RestartReport:
    """Return the report without secrets, because stored reports are shown on pages."""
    texts = {name: redact(getattr(report, name)) for name in ("why", "tail", "not_back", "reason")}
    return report.replace(**texts)
