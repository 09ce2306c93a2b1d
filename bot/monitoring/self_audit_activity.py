"""Collects the data of a self-audit from the ports and builds one report."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

import structlog

from bot.authority.quiet_state import QuietState
from bot.domain.account import Charge
from bot.domain.code_coverage import CodeCoverage
from bot.domain.errors import PortError
from bot.domain.feature_request import FeatureRequest
from bot.domain.flag import Flag
from bot.domain.history import History
from bot.domain.incident import INCIDENT, Incident
from bot.domain.journal import Action, FailureGroup, JournalQuery
from bot.domain.run import Run
from bot.domain.self_audit import (
    Ability,
    AuditReport,
    Fix,
    FlagDue,
    Lesson,
    RequestedFeature,
    SpentOn,
)
from bot.monitoring.fault_texts import format_action
from bot.monitoring.sample_batches import iterate_samples
from bot.monitoring.self_audit_coverage import CoverageSource, find_coverage_gaps
from bot.monitoring.self_audit_figures import Figures, Period
from bot.monitoring.self_audit_ideas import AuditIdeaCollector
from bot.monitoring.self_audit_summaries import (
    build_lesson,
    find_due_flags,
    get_run_cost,
    list_handled_faults,
    open_incidents,
    select_most_expensive,
    sum_call_costs,
    summarise_runs,
)
from bot.ports.charts import Charts
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.journal import Journal
from bot.ports.key_value_store import KeyValueStore
from bot.ports.ledger import Ledger
from bot.ports.memory import MemoryStore
from bot.ports.store import Store
from bot.proof.flag_uses import find_flag_uses_in
from bot.skills import SkillLibrary
from bot.telemetry import Recorder

T = TypeVar("T")

_MOST_RUNS, _MOST_GROUPS, _MOST_CALLS = 500, 500, 20_000
_MOST_LESSONS = 12
_UNREAD = timedelta(days=30)
# Excluded from unused commands: it may be running now, and it is journalled only when it ends.
_ASKING = "command.audit now"
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class AuditSources:
    """The ports that a self-audit uses."""

    journal: Journal
    store: Store
    key_values: KeyValueStore
    memory: MemoryStore
    chat: Chat
    charts: Charts
    clock: Clock
    recorder: Recorder
    ledger: Ledger | None = None
    skills: SkillLibrary = field(default_factory=SkillLibrary)
    coverage: CoverageSource | None = None
    ideas: AuditIdeaCollector | None = None
    quiet: QuietState | None = None


class Findings:
    """One report, and the additional data that a proposal needs."""

    def __init__(self, report: AuditReport, groups: Sequence[FailureGroup]) -> None:
        self.report = report
        self.groups = {group.fingerprint: group for group in groups}
        self.in_hand: set[str] = set()  # fingerprints that a person or a run already handles


@dataclass(frozen=True, eq=False)
class ActivityCollector:
    """Reads journal, store, key-value store and memory for a period and the period before it.

    If a port fails, its part is missing from the report, and the report says so.
    """

    services: AuditSources
    root: Path
    abilities: Callable[[], Sequence[Ability]]

    async def collect(self, until: datetime, days: float, *, measure: bool = False) -> Findings:
        """Return the report on the `days` before `until`.

        With `measure`, the test coverage of the live commit is measured if it is unknown.
        """
        length = timedelta(days=days)
        look = _Collection(self.services, until - 2 * length, until - length, until)
        others = tuple(each for each in self.abilities() if each.event != _ASKING)
        return await look.collect_findings(self.root, others, measure=measure)


class _Collection:
    def __init__(
        self, services: AuditSources, before: datetime, since: datetime, until: datetime
    ) -> None:
        self._services = services
        self._before, self._since, self._until = before, since, until
        self._missing: list[str] = []
        self._figures = Figures(
            Period(before.timestamp(), since.timestamp(), until.timestamp()), format_action
        )

    async def collect_findings(
        self, root: Path, abilities: Sequence[Ability], *, measure: bool
    ) -> Findings:
        figures = self._figures
        await self._try("all of the journal", self._count(), None)
        groups = await self._try(
            "where faults are raised",
            self._services.journal.list_failures(since=self._since, limit=_MOST_GROUPS),
            [],
        )
        faults = figures.list_faults(groups)
        unused, idle = figures.find_unused(abilities)
        known = await self._list_runs()
        incidents = await self._try(
            "incidents", self._services.key_values.list_records(INCIDENT, Incident), ()
        )
        report = AuditReport(
            since=self._since,
            until=self._until,
            watched_since=figures.watched_since,
            compared=figures.has_comparison,
            actions=figures.count_actions(0),
            actions_before=figures.count_actions(1),
            failures=figures.count_failures(0),
            failures_before=figures.count_failures(1),
            faults=faults,
            slow=figures.list_slow(),
            abilities=len(abilities),
            unused=unused,
            idle_cogs=idle,
            gaps=find_coverage_gaps(await self._read_coverage(measure=measure), faults),
            runs=summarise_runs([run for run, _ in known]),
            by_itself=sum(run.trigger.origin != "person" for run, _ in known),
            incidents=open_incidents(incidents),
            fixes=self._list_fixes(known),
            learned=await self._list_lessons(),
            feature_requests=await self._list_feature_requests(),
            flags=await self._list_flags(root),
            unread_skills=await self._list_unread_skills(),
            columns=figures.build_columns(),
        )
        report = await self._add_cost(report, [run for run, _ in known])
        found = Findings(report.replace(missing=tuple(self._missing)), groups)
        found.in_hand = list_handled_faults(known, incidents)
        return found

    async def _read_coverage(self, *, measure: bool) -> CodeCoverage | None:
        source = self._services.coverage
        if source is None:
            return None
        reading = source.read(self._services.key_values, measure=measure)
        return await self._try("test coverage", reading, None)

    async def _try(self, what: str, call: Awaitable[T], otherwise: T) -> T:
        try:
            return await call
        except PortError as error:
            _log.warning("the self-audit goes without %s: %s", what, error)
            self._missing.append(what)
            return otherwise

    async def _count(self) -> None:
        """Count the samples of both periods."""
        async for batch in iterate_samples(self._services.journal, self._before, self._until):
            self._figures.add(batch)

    async def _list_runs(self) -> list[tuple[Run, History]]:
        """Return the runs that changed in the period, newest first."""
        runs = await self._try("runs", self._services.store.find(limit=_MOST_RUNS), ())
        touched = [run for run in runs if self._since <= run.updated_at <= self._until]
        known = []
        for run in touched:
            history = await self._try(
                f"run {run.id}", self._services.store.get_history(run.id), History()
            )
            known.append((run, history))
        return known

    def _list_fixes(self, known: Sequence[tuple[Run, History]]) -> tuple[Fix, ...]:
        return tuple(
            Fix(
                run_id=run.id,
                number=history.proposal.number if history.proposal else None,
                what=run.trigger.subject or run.trigger.text,
                at=history.shipment.at,
                verdict=history.outcome.verdict if history.outcome else None,
            )
            for run, history in known
            if history.shipment is not None
        )

    async def _list_feature_requests(self) -> tuple[RequestedFeature, ...]:
        """Return the wishes of the period without a run, those with the most votes first."""
        requests = await self._try(
            "wishes", self._services.key_values.list_records("wish:", FeatureRequest), ()
        )
        waiting = [each for each in requests if each.run_id is None and each.last_at >= self._since]
        ranked = sorted(waiting, key=lambda each: each.rank, reverse=True)
        return tuple(
            RequestedFeature(id=each.id, text=each.text, votes=each.votes, reason=each.reason)
            for each in ranked
        )

    async def _list_flags(self, root: Path) -> tuple[FlagDue, ...]:
        """Return the flags that no longer decide anything."""
        flags = await self._try("flags", self._services.key_values.list_records("flag:", Flag), ())
        return find_due_flags(flags, await asyncio.to_thread(find_flag_uses_in, root), self._until)

    async def _list_unread_skills(self) -> tuple[str, ...]:
        """Return the skills that no run reads: they are not found, or not needed."""
        asking = self._services.skills.find_unread(self._until - _UNREAD)
        return await self._try("how skills are used", asking, ())

    async def _list_lessons(self) -> tuple[Lesson, ...]:
        memories = await self._try("what was learned", self._services.memory.export(), ())
        fresh = [each for each in memories if self._since <= each.at <= self._until]
        lessons = [
            build_lesson(each) for each in reversed(fresh) if each.kind in ("lesson", "note")
        ]
        return tuple(lessons[:_MOST_LESSONS])

    async def _add_cost(self, report: AuditReport, runs: Sequence[Run]) -> AuditReport:
        """Add the costs of models for this period and the one before, by purpose and by run."""
        parts, before = await self._sum_charges() or await self._sum_journal_costs()
        paid = [run for run in runs if run.cost_usd > 0]
        return report.replace(
            usd=sum(part.usd for part in parts),
            usd_before=before,
            by_part=select_most_expensive(parts),
            by_run=select_most_expensive([get_run_cost(run) for run in paid]),
        )

    async def _sum_charges(self) -> tuple[list[SpentOn], float] | None:
        """Return the ledger's costs by purpose, now and before; `None` without any charges."""
        if self._services.ledger is None:
            return None
        asking = self._services.ledger.list_charges(since=self._before, limit=_MOST_CALLS)
        charges = [c for c in await self._try("the ledger", asking, ()) if c.at <= self._until]
        now: dict[str, list[Charge]] = defaultdict(list)
        for charge in charges:
            if charge.at >= self._since and charge.outcome != "refused":
                now[charge.account.purpose].append(charge)
        before = sum(charge.cost_usd for charge in charges if charge.at < self._since)
        parts = [
            SpentOn(
                name=purpose,
                usd=sum(each.cost_usd for each in paid),
                tokens=sum(each.tokens_in + each.tokens_out for each in paid),
                calls=len(paid),
            )
            for purpose, paid in now.items()
        ]
        return (parts, before) if charges else None

    async def _sum_journal_costs(self) -> tuple[list[SpentOn], float]:
        """Return the journal's costs by kind of call, now and before."""
        now: dict[str, list[Action]] = {}
        before = 0.0
        for event in sorted(self._figures.paid):
            query = JournalQuery(
                event=event, since=self._before, until=self._until, limit=_MOST_CALLS
            )
            calls = await self._try(f"the cost of {event}", self._services.journal.read(query), ())
            now[event] = [call for call in calls if call.ts >= self._since and call.cost_usd]
            before += sum(call.cost_usd or 0.0 for call in calls if call.ts < self._since)
        return [sum_call_costs(event, calls) for event, calls in now.items() if calls], before
