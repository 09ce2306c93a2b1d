"""Reads the journal records behind an anomaly: which failure it is, where, and its origin."""

from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from bot.domain.anomaly import Anomaly, Rule
from bot.domain.errors import JournalError
from bot.domain.incident import Incident
from bot.domain.journal import Action, ActionOutcome, FailureGroup, JournalQuery, get_loop_event
from bot.grammar.matching import exclude_own_work
from bot.monitoring.fault_texts import format_error
from bot.ports.journal import Journal
from bot.triage import Triage, triage

_LOOKED_AT = 5  # the newest records of an anomaly that are read
_TIMELINE = 12
_NEARBY = timedelta(minutes=30)
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class ClassifiedAnomaly:
    """The failure behind an anomaly. Unknown fields are empty."""

    fingerprint: str | None = None
    error: str = ""
    files: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    triage: Triage = field(default_factory=Triage)


@dataclass(frozen=True, eq=False)
class AnomalyClassifier:
    """Classifies anomalies by their journal records.

    Without readable records the triage stays open.
    """

    journal: Journal

    async def look_at(self, anomaly: Anomaly) -> ClassifiedAnomaly:
        """Return what is known of the failure that most of the anomaly's records have."""
        try:
            return await self._classify(anomaly)
        except JournalError as error:
            _log.warning("the records behind %s cannot be read: %s", anomaly.key, error)
            return ClassifiedAnomaly(fingerprint=anomaly.fingerprint)

    async def rejudge(self, incident: Incident) -> Triage | None:
        """Return the triage of an incident from all of its records; `None` if it has no failure.

        Raises `JournalError`.
        """
        failed = exclude_own_work(await self.journal.list_failures(since=incident.since))
        of_it = [
            each
            for each in failed
            if incident.fingerprint == each.fingerprint
            or (incident.fingerprint is None and incident.event == each.event)
        ]
        if not of_it or Rule.LATENCY in incident.rules:
            return None
        group = max(of_it, key=lambda each: each.count)
        return triage(
            group,
            users=len(incident.affected),
            nearby=[each for each in failed if each is not group],
            timeline=await self.journal.read(JournalQuery(event=group.event, limit=_TIMELINE)),
            counted=False,
        )

    async def _classify(self, anomaly: Anomaly) -> ClassifiedAnomaly:
        records = await self._list_records(anomaly)
        failed = [each for each in records if each is not None and each.error is not None]
        fingerprint = anomaly.fingerprint or _find_commonest(failed)
        same = [each for each in failed if _get_fingerprint(each) == fingerprint] or failed
        if not same or (capsule := same[0].error) is None:
            return ClassifiedAnomaly(fingerprint=fingerprint)
        users = await self._list_users(capsule.fingerprint, anomaly)
        return ClassifiedAnomaly(
            fingerprint=fingerprint,
            error=format_error(capsule) if fingerprint is not None else "",
            files=tuple(dict.fromkeys(frame.file for frame in reversed(capsule.frames))),
            users=users,
            evidence=tuple(each.id for each in same),
            triage=await self._judge_origin(same, anomaly, len(users)),
        )

    async def _list_records(self, anomaly: Anomaly) -> list[Action | None]:
        """Return the newest records of an anomaly; for a stopped loop, the loop's last failure."""
        loop = get_loop_event(anomaly.event)
        if loop is None:
            return [await self.journal.get(each) for each in anomaly.evidence[:_LOOKED_AT]]
        query = JournalQuery(event=loop, outcome=ActionOutcome.ERROR, limit=1)
        return list(await self.journal.read(query))

    async def _list_users(self, fingerprint: str, anomaly: Anomaly) -> tuple[str, ...]:
        query = JournalQuery(fingerprint=fingerprint, since=anomaly.at - _NEARBY)
        users = dict.fromkeys(each.user for each in await self.journal.read(query))
        return tuple(each for each in users if each is not None)

    async def _judge_origin(self, same: list[Action], anomaly: Anomaly, users: int) -> Triage:
        around = exclude_own_work(await self.journal.list_failures(since=anomaly.at - _NEARBY))
        print_of = _get_fingerprint(same[0])
        group = next((each for each in around if each.fingerprint == print_of), None)
        timeline = await self.journal.read(JournalQuery(event=anomaly.event, limit=_TIMELINE))
        return triage(
            group or _group_of(same),
            users=users,
            nearby=[each for each in around if each is not group],
            timeline=timeline,
            counted=False,
        )


def _get_fingerprint(action: Action) -> str | None:
    return action.error.fingerprint if action.error else None


def _find_commonest(failed: list[Action]) -> str | None:
    """Return the fingerprint that more than half of the records have."""
    prints = [_get_fingerprint(each) for each in failed]
    best = max(dict.fromkeys(prints), key=prints.count, default=None)
    return best if 2 * prints.count(best) > len(prints) else None


def _group_of(same: list[Action]) -> FailureGroup:
    """Return a group of failures that the journal has not grouped yet. `same` is newest first."""
    return FailureGroup(
        fingerprint=_get_fingerprint(same[0]) or "",
        event=same[0].event,
        count=len(same),
        first_seen=same[-1].ts,
        last_seen=max(each.ts for each in same),
        newest=same[0],
        action_ids=tuple(each.id for each in same),
    )
