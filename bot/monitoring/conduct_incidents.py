"""Incidents of the bot's own conduct: opened by rules over its runs, closed by a person."""

from collections.abc import Collection
from datetime import datetime, timedelta

from theseus_guard import is_test_file
from theseus_guard.unified_diff import parse

from bot.detection.conduct import find_conduct
from bot.domain.conduct import Conduct, ConductRule, ConductRules, FileEdit, OwnRun
from bot.domain.history import History
from bot.domain.ids import create_run_id as new_id
from bot.domain.incident import Incident, Severity
from bot.domain.journal import Kind
from bot.domain.people import Person
from bot.domain.run import Run
from bot.domain.samples import OWN_KINDS
from bot.domain.target import OWN_TARGET
from bot.domain.triage import Origin, Triage
from bot.monitoring.incident_repository import IncidentRepository
from bot.ports.clock import Clock
from bot.ports.store import Store

EVENT = f"{Kind.RUN}.conduct"
"""The event of these incidents; nothing is journalled under it."""
_LOOKED_AT = 300  # of the newest runs
_MONTH = timedelta(days=30)
_CAUSED = timedelta(days=1)  # a change is the cause of failures in its files for so long
_TITLES = {
    ConductRule.RUN_CHAIN: "My own runs cause further runs",
    ConductRule.GROWTH: "I start more and more runs by myself",
    ConductRule.OSCILLATION: "I change one file back and forth",
    ConductRule.SELF_SERVING: "My own changes serve only myself",
}


class ConductIncidents:
    """Looks at the runs whenever one has changed, and opens at most one incident a finding."""

    def __init__(
        self,
        incident_repository: IncidentRepository,
        store: Store,
        clock: Clock,
        rules: ConductRules,
    ) -> None:
        self._incident_repository = incident_repository
        self._store = store
        self._clock = clock
        self._rules = rules
        self._known: dict[tuple[str, int], OwnRun] = {}

    async def look(self) -> None:
        """Judge the runs again if one has changed. Raises `StoreError`."""
        now = self._clock.now()
        newest = await self._store.find(limit=_LOOKED_AT)
        runs = [
            run
            for run in newest
            if run.trigger.target == OWN_TARGET and now - run.updated_at < _MONTH
        ]
        changed = [run for run in runs if (run.id, run.version) not in self._known]
        if not changed:
            return
        histories = await self._store.get_histories([run.id for run in changed])
        read = {(run.id, run.version): read_run(run, histories[run.id]) for run in changed}
        keys = {(run.id, run.version) for run in runs}
        self._known = {key: each for key, each in (self._known | read).items() if key in keys}
        for conduct in find_conduct(find_causes(self._known.values()), self._rules, now):
            self._open(conduct)
        await self._incident_repository.flush()

    async def close(self, incident: Incident, person: Person) -> Incident:
        """Close an incident because a person says so. Raises `StoreError`."""
        if incident.open:
            why = f"{person.name} closed it"
            incident = self._incident_repository.close(incident, self._clock.now(), why)
            await self._incident_repository.flush()
        return incident

    def _open(self, conduct: Conduct) -> None:
        """Open an incident, or update the open one. What a person has closed needs a new run."""
        for each in reversed(self._incident_repository.incidents):
            if each.conduct is None or each.conduct.rule is not conduct.rule:
                continue
            if set(conduct.runs) <= set(each.conduct.runs):
                return
            if each.open and each.conduct.key == conduct.key:
                self._incident_repository.change(
                    each.id, conduct=conduct, noticed=conduct.summary,
                    count=len(conduct.runs), last_at=conduct.at,
                )  # fmt: skip
                return
        self._incident_repository.put(_build_incident(conduct))


def read_run(run: Run, history: History) -> OwnRun:
    """Return the part of a run that the rules need, without its cause."""
    change = history.change_set
    diagnosis = history.diagnosis
    event = diagnosis.event if diagnosis else ""
    edits = () if change is None or history.proposal is None else read_edits(change.diff)
    return OwnRun(
        id=run.id,
        at=run.created_at,
        by_itself=run.trigger.origin != "person",
        cause=run.trigger.retries or run.trigger.reverts,
        users=bool(event) and event.partition(".")[0] not in OWN_KINDS,
        edits=edits or tuple(_name_places(history)),
        shipped_at=history.shipment.at if history.shipment else None,
    )


def read_edits(diff: str) -> tuple[FileEdit, ...]:
    """Return what a diff does to each file."""
    return tuple(
        FileEdit(patch.path, _strip(patch.added_lines), _strip(patch.removed_lines))
        for patch in parse(diff)
    )


def find_causes(runs: Collection[OwnRun]) -> list[OwnRun]:
    """Return the runs with their causes: the newest change of the files that each is about."""
    shipped = sorted((run.shipped_at, run) for run in runs if run.shipped_at is not None)
    return [
        run if run.cause or not run.by_itself else run._replace(cause=_find_cause(run, shipped))
        for run in runs
    ]


def _find_cause(run: OwnRun, shipped: list[tuple[datetime, OwnRun]]) -> str | None:
    files = _list_code(run)
    for at, earlier in reversed(shipped):
        if earlier.id != run.id and at <= run.at < at + _CAUSED and files & _list_code(earlier):
            return earlier.id
    return None


def _list_code(run: OwnRun) -> frozenset[str]:
    return frozenset(edit.file for edit in run.edits if not is_test_file(edit.file))


def _name_places(history: History) -> list[FileEdit]:
    """Return the file that a run without a proposal is about, as an edit without lines."""
    file = history.diagnosis.file if history.diagnosis else ""
    return [FileEdit(file, frozenset(), frozenset())] if file else []


def _strip(lines: Collection[str]) -> frozenset[str]:
    return frozenset(line.strip() for line in lines) - {""}


def _build_incident(conduct: Conduct) -> Incident:
    return Incident(
        id=new_id(),
        severity=Severity.HIGH,
        event=EVENT,
        name="my own activity",
        title=_TITLES[conduct.rule],
        noticed=conduct.summary,
        count=len(conduct.runs),
        judged_count=len(conduct.runs),
        opened_at=conduct.at,
        last_at=conduct.at,
        triage=Triage(
            origin=Origin.UNKNOWN,
            confidence="high",
            reasons=("a rule over my own runs found it; people decide what it means",),
        ),
        conduct=conduct,
    )
