"""What people reported about a failure: their texts on its incident, as untrusted data."""

from dataclasses import dataclass

import structlog

from bot.domain.errors import StoreError
from bot.domain.evidence import Evidence
from bot.domain.incident import INCIDENT, Incident
from bot.domain.run import Trigger
from bot.ports.key_value_store import KeyValueStore

_MOST = 10
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class IncidentReports:
    """Reads the reports that are noted on incidents."""

    key_values: KeyValueStore

    async def load(self, trigger: Trigger, evidence: Evidence) -> tuple[str, ...]:
        """Return what people wrote about the failure, newest first, each text once, without names.

        The trigger's own text is left out. If the incidents cannot be read, the result is empty and
        the run continues.
        """
        group = evidence.groups[0] if evidence.groups else None
        try:
            incidents = await self.key_values.list_records(INCIDENT, Incident)
        except StoreError as error:
            _log.warning("a failure is examined without people's reports: %s", error)
            return ()
        reports = [
            report
            for incident in incidents
            if incident.id == trigger.incident
            or (
                group is not None
                and incident.status == "open"
                and incident.has_failure(group.event, group.fingerprint)
            )
            for report in incident.reports
        ]
        newest = sorted(reports, key=lambda report: report.at, reverse=True)
        texts = dict.fromkeys(report.text for report in newest)
        return tuple(text for text in texts if text and text not in trigger.material)[:_MOST]
