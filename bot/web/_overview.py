"""The data of the overview page: figures of a time span, charts, and current work.

Each part that depends on another component can fail alone: the page then says so in its place and
shows the rest.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple, TypeVar

from bot.domain.budget import BudgetRules, Cap
from bot.domain.cost import Cost
from bot.domain.errors import PortError
from bot.domain.incident import Incident
from bot.domain.record_search import RunQuery, RunSummary
from bot.domain.run import FINAL_STATUSES, Run, Status
from bot.domain.samples import OWN_KINDS, ActionCount
from bot.domain.spending import ChargeSum
from bot.monitoring.key_figures import (
    KeyFigures,
    compute_key_figures,
    compute_spread,
    measure_times,
)
from bot.ports.ledger import Ledger
from bot.presentation.counts import format_count
from bot.presentation.state_labels import describe_purpose
from bot.web._chart_tables import (
    ChartColumn,
    ChartRow,
    ChartTable,
    Tone,
    build_deploy_mark,
    count_rows,
    format_width,
    get_bucket,
    get_tone,
    list_buckets,
)
from bot.web._collaborators import WebServices
from bot.web._time_spans import ShownSpan

FRESH_SECONDS = 3.0
"""How long computed figures are cached, for all readers."""
_DAY = 86_400
_MAX_ITEMS = 6
_MOST_GOING_ON = 200
_MACHINE = OWN_KINDS | {"gateway"}
_GOING_ON = frozenset(Status) - FINAL_STATUSES
T = TypeVar("T")


class CapUse(NamedTuple):
    """The spending against a cap."""

    name: str
    cost: Cost
    cap: Cap

    @property
    def share(self) -> float | None:
        """The part of the cap that is used, from 0 to 1; `None` if dollars are not capped."""
        return min(self.cost.cost_usd / self.cap.usd, 1.0) if self.cap.usd else None


class OverviewFigures(NamedTuple):
    """Everything on the overview. `missing` maps each part that could not be read to the reason."""

    figures: KeyFigures | None
    charts: tuple[ChartTable, ...]
    going_on: Sequence[Run]
    shipped: Sequence[RunSummary]
    open_incidents: Sequence[Incident]
    caps: Sequence[CapUse]
    missing: Mapping[str, str]


class Overview:
    """Computes the overview, once for all readers within a few seconds."""

    def __init__(self, services: WebServices) -> None:
        self._services = services
        self._cache: dict[str, tuple[float, OverviewFigures]] = {}
        self._counting: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get_figures(self, span: ShownSpan) -> OverviewFigures:
        """Return the figures of a span up to now."""
        async with self._counting[span.key]:
            at, cached = self._cache.get(span.key, (0.0, None))
            now = self._services.clock.monotonic()
            if cached is None or now - at >= FRESH_SECONDS:
                cached = await self._compute_figures(span)
                self._cache[span.key] = (now, cached)
            return cached

    async def _compute_figures(self, span: ShownSpan) -> OverviewFigures:
        services, now, missing = self._services, self._services.clock.now(), dict[str, str]()
        since = span.get_start(now)
        search, ledger = services.search, services.ledger
        runs = await _try_read(search.list_summaries(since=since), "runs", missing)
        going_on = await _try_read(
            search.search_runs(RunQuery(statuses=_GOING_ON, size=_MOST_GOING_ON)), "runs", missing
        )
        asked = services.journal.count_actions(since=since, until=now, seconds=span.seconds)
        counts = await _try_read(asked, "actions", missing)
        known = services.incidents.list_incidents() if services.incidents else ()
        charts, caps = list[ChartTable](), list[CapUse]()
        if runs is not None:
            charts.append(_build_outcome_chart(runs, span, now))
        if counts is not None:
            charts.append(_build_failure_chart(counts, runs or (), span, now))
        if runs is not None:
            charts.append(_build_time_chart(runs, span, now))
        if ledger is not None:
            rules = services.budget() if services.budget else None
            spending = await _try_read(
                build_spending_chart(ledger, rules, span, now), "spending", missing
            )
            charts += [spending] if spending is not None else []
            caps = await _try_read(self._list_caps(rules, now), "spending", missing) or []
        return OverviewFigures(
            figures=None if runs is None else compute_key_figures(runs, known, since),
            charts=tuple(charts),
            going_on=() if going_on is None else going_on.found,
            shipped=[run for run in runs or () if run.live_at is not None][:_MAX_ITEMS],
            open_incidents=[each for each in known if each.open][:_MAX_ITEMS],
            caps=caps,
            missing=missing,
        )

    async def _list_caps(self, rules: BudgetRules | None, now: datetime) -> list[CapUse]:
        ledger = self._services.ledger
        if rules is None or ledger is None:
            return []
        day, week = get_period_starts(now)
        return [
            CapUse("Today", await ledger.sum_costs(since=day), rules.day),
            CapUse("This week", await ledger.sum_costs(since=week), rules.week),
        ]


async def _try_read(question: Awaitable[T], about: str, missing: dict[str, str]) -> T | None:
    """Return the result, or `None` after noting the error in `missing`."""
    try:
        return await question
    except PortError as error:
        missing[about] = str(error)
        return None


def get_period_starts(now: datetime) -> tuple[datetime, datetime]:
    """Return the start of this day and of this week, in UTC."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day, day - timedelta(days=day.weekday())


def _build_outcome_chart(runs: Sequence[RunSummary], span: ShownSpan, now: datetime) -> ChartTable:
    """Return a chart of the outcomes of runs, by the time at which the runs began."""
    sorts: dict[str, list[datetime]] = {name: [] for name, _ in _OUTCOMES}
    for run in runs:
        sorts[_classify_outcome(run)].append(run.created_at)
    starts = list_buckets(span.get_start(now), now, span.seconds)
    return ChartTable(
        "outcomes", "Runs by outcome",
        f"{format_count(len(runs), 'run')}, by start time; a bar is {format_width(span.seconds)}",
        "count", "stacked", span.seconds,
        tuple(ChartColumn(name, tone) for name, tone in _OUTCOMES),
        count_rows(starts, span.seconds, list(sorts.values())),
    )  # fmt: skip


_OUTCOMES: tuple[tuple[str, Tone], ...] = (
    ("Went live", "good"),
    ("Answered", "busy"),
    ("No result", "bad"),
    ("Rejected or cancelled", "idle"),
    ("Under way", "warn"),
)


def _classify_outcome(run: RunSummary) -> str:
    if run.live_at is not None:
        return "Went live"
    if run.status not in FINAL_STATUSES:
        return "Under way"
    if run.status in (Status.FAILED, Status.QUARANTINED):
        return "No result"
    return "Answered" if run.status is Status.DONE else "Rejected or cancelled"


def _build_failure_chart(
    counts: Sequence[ActionCount], runs: Sequence[RunSummary], span: ShownSpan, now: datetime
) -> ChartTable:
    """Return the share of people's actions that failed, with marks for changes that went live."""
    done: dict[datetime, list[int]] = defaultdict(lambda: [0, 0])
    for each in counts:
        if each.kind not in _MACHINE:
            place = done[datetime.fromtimestamp(each.at, UTC)]
            place[0] += each.actions
            place[1] += each.failures
    rows = []
    for at in list_buckets(span.get_start(now), now, span.seconds):
        actions, failed = done.get(at, (0, 0))
        rows.append(ChartRow(at, (100 * failed / actions if actions else None,)))
    total, bad = (sum(each[side] for each in done.values()) for side in (0, 1))
    return ChartTable(
        "failures", "Failure rate",
        f"{bad:,} of {total:,} actions failed; changes that went live are marked",
        "percent", "lines", span.seconds, (ChartColumn("Failed", "bad"),), tuple(rows),
        tuple(build_deploy_mark(run,
            run.live_at) for run in reversed(runs) if run.live_at is not None),
    )  # fmt: skip


def _build_time_chart(runs: Sequence[RunSummary], span: ShownSpan, now: datetime) -> ChartTable:
    """Return the time to a proposal and to going live, by the time at which the runs began."""
    grouped: dict[datetime, list[RunSummary]] = defaultdict(list)
    for run in runs:
        grouped[get_bucket(run.created_at, span.seconds)].append(run)
    rows = []
    for at in list_buckets(span.get_start(now), now, span.seconds):
        proposal = compute_spread(measure_times(grouped[at], lambda run: run.proposed_at))
        live = compute_spread(measure_times(grouped[at], lambda run: run.live_at))
        rows.append(ChartRow(at, (proposal.median, proposal.p90, live.median, live.p90)))
    proposed = sum(run.proposed_at is not None for run in runs)
    shipped = sum(run.live_at is not None for run in runs)
    return ChartTable(
        "times", "Time to proposal and to live",
        f"{proposed:,} proposed, {shipped:,} live; measured from the request",
        "seconds", "lines", span.seconds,
        (
            ChartColumn("Proposal, median", "busy"), ChartColumn("Proposal, 90 %", "idle"),
            ChartColumn("Live, median", "good"), ChartColumn("Live, 90 %", "warn"),
        ),
        tuple(rows),
    )  # fmt: skip


async def build_spending_chart(
    ledger: Ledger, rules: BudgetRules | None, span: ShownSpan, now: datetime
) -> ChartTable:
    """Return the cost of models by day and purpose, for at least a week. Raises `StoreError`."""
    days = max(span.length, timedelta(days=7))
    first = datetime.combine((now - days).astimezone(UTC).date(), time(), UTC)
    return _build_spending_chart(await ledger.sum_charges(since=first), rules, first, now)


def _build_spending_chart(
    sums: Sequence[ChargeSum], rules: BudgetRules | None, first: datetime, now: datetime
) -> ChartTable:
    """Return the cost of models by day and purpose, with the cap of a day."""
    costs: dict[str, dict[datetime, float]] = defaultdict(lambda: defaultdict(float))
    for each in sums:
        costs[each.account.purpose][datetime.combine(each.day, time(), UTC)] += each.cost_usd
    largest = sorted(costs, key=lambda name: -sum(costs[name].values()))
    rows = tuple(
        ChartRow(at, tuple(round(costs[name].get(at, 0.0), 4) for name in largest))
        for at in list_buckets(first, now, _DAY)
    )
    most = max((sum(value or 0 for value in row.values) for row in rows), default=0.0)
    cap = rules.day.usd if rules is not None else None
    total = sum(each.cost_usd for each in sums)
    capped = f"; the daily cap is ${cap:.2f}" if cap else ""
    return ChartTable(
        "spending", "Spending",
        f"${total:.2f} on models in {len(rows)} days (UTC){capped}",
        "usd", "stacked", _DAY,
        tuple(
            ChartColumn(describe_purpose(name), get_tone(place))
            for place, name in enumerate(largest)
        ),
        rows,
        limit=cap if cap is not None and cap <= 4 * most else None,  # a high cap dwarfs bars
    )  # fmt: skip
