"""Stores reports of people who may not start runs, and tells them when the failure is fixed."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.evidence import Evidence
from bot.domain.failure_report import REPORTED, FailureReport
from bot.domain.incident import MOST_REPORTS
from bot.domain.journal import FailureGroup
from bot.domain.notices import NoticeDelivery
from bot.domain.personal_data import DataSubject
from bot.domain.run import Run, Trigger
from bot.domain.shipped_fix import ShippedFix
from bot.monitoring.incident_repository import IncidentRepository
from bot.notices.delivery import deliver
from bot.notices.preferences import NoticePreferences
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.presentation.failure_reports import render_fixed, render_thanks, render_unknown
from bot.self_improvement import ShippedFixes

_RETENTION = timedelta(days=30)


@dataclass(frozen=True, eq=False)
class FailureReports:
    """Stores one report per person and failure until the person has been told of the fix."""

    incident_repository: IncidentRepository
    fixes: ShippedFixes
    key_values: KeyValueStore
    chat: Chat
    clock: Clock
    preferences: NoticePreferences | None = None

    async def take(
        self, trigger: Trigger, evidence: Evidence, run: Run | None, able: tuple[str, ...]
    ) -> str:
        """Store a report and return the reply to its person.

        `evidence` has the failure that is reported, `run` fixes it already, and `able` names who
        may start work. Raises `StoreError`.
        """
        if not evidence.groups:
            return render_unknown(trigger.person, evidence, able)
        group = evidence.groups[0]
        await self._keep(trigger, group)
        return render_thanks(trigger.person, group, able, run, self.clock.now())

    async def _keep(self, trigger: Trigger, group: FailureGroup) -> None:
        for incident in self.incident_repository.open:
            if incident.has_failure(group.event, group.fingerprint):
                self.incident_repository.note_report(incident, trigger)
                await self.incident_repository.flush()
                break
        report = FailureReport(
            fingerprint=group.fingerprint,
            event=group.event,
            person_id=trigger.person.id,
            place=trigger.place,
            at=self.clock.now(),
        )
        prefix = f"{REPORTED}{group.fingerprint}:"
        if len(await self.key_values.list_records(prefix, FailureReport)) < MOST_REPORTS:
            await self.key_values.put(report.key, report)

    async def count_of(self, subject: DataSubject) -> int:
        """Return how many of the person's reports are not noted on an incident.

        Raises `StoreError`.
        """
        is_noted = self.incident_repository.has_report
        return sum(not is_noted(subject, report) for report in await self._list_reports(subject))

    async def erase(self, subject: DataSubject) -> None:
        """Forget that person's reports. Raises `StoreError`."""
        for report in await self._list_reports(subject):
            await self.key_values.remove(report.key)

    async def _list_reports(self, subject: DataSubject) -> list[FailureReport]:
        reports = await self.key_values.list_records(REPORTED, FailureReport)
        return [report for report in reports if report.person_id == subject.id]

    async def look(self) -> None:
        """Tell everyone whose reported failure has been fixed, once; forget old reports."""
        reports = await self.key_values.list_records(REPORTED, FailureReport)
        fixes = await self.fixes() if reports else {}
        for report in reports:
            fix = fixes.get(report.fingerprint)
            if fix is not None and fix.live_at is not None and fix.live_at > report.at:
                await self._tell(report, fix)
            elif self.clock.now() - report.at < _RETENTION:
                continue
            await self.key_values.remove(report.key)

    async def _tell(self, report: FailureReport, fix: ShippedFix) -> None:
        """Tell a reporter of the fix, once, in the way that they have chosen."""
        delivery = NoticeDelivery.MENTION
        if self.preferences is not None:
            delivery = (await self.preferences.get(report.person_id)).fixed
        if delivery is not NoticeDelivery.NONE:
            channel_id = report.place.thread_id or report.place.channel_id
            post, key = render_fixed(report, fix), f"{report.key}:{fix.run_id}"
            await deliver(self.chat, delivery, report.person_id, channel_id, post, key)
