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
from bot.learning.key_figures import (
    KeyFigures,
    compute_key_figures,
    compute_spread,
    measure_times,
)
from bot.ports.ledger import Ledger
from bot.presentation.counts import format_count
from bot.presentation.state_labels import describe_purpose
from bot.web._attention import AttentionItem, NextStep, list_attention, list_next_steps
from bot.web._chart_tables import (
    ChartColumn,
    ChartMark,
    ChartRow,
    ChartTable,
    Tone,
    build_deploy_mark,
    build_incident_mark,
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
_MOST_MARKS = 100
_MOST_CHARGES = 20_000
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
    """Everything on the overview. `missing` maps each part that could not be read to the reason.

    `before` are the figures of the period before, of the same length. `next_steps` are empty unless
    the bot has never had a run.
    """

    figures: KeyFigures | None
    charts: tuple[ChartTable, ...]
    going_on: Sequence[Run]
    shipped: Sequence[RunSummary]
    open_incidents: Sequence[Incident]
    caps: Sequence[CapUse]
    missing: Mapping[str, str]
    before: KeyFigures | None
    attention: Sequence[AttentionItem]
    next_steps: Sequence[NextStep]

    @property
    def filled_charts(self) -> list[ChartTable]:
        """The charts that have a value."""
        return [chart for chart in self.charts if not chart.is_empty]

    @property
    def empty_charts(self) -> list[ChartTable]:
        """The charts without a value: they are only named."""
        return [chart for chart in self.charts if chart.is_empty]


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
        earliest = since - span.length
        both = await _try_read(search.list_summaries(since=earliest), "runs", missing)
        runs = None if both is None else [run for run in both if run.created_at >= since]
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
            charts.append(_build_failure_chart(counts, span, now))
        if runs is not None:
            charts.append(_build_time_chart(runs, span, now))
        if ledger is not None:
            rules = services.budget() if services.budget else None
            spending = await _try_read(
                build_spending_chart(ledger, rules, span, now), "spending", missing
            )
            charts += [spending] if spending is not None else []
            caps = await _try_read(self._list_caps(rules, now), "spending", missing) or []
        marks = _build_marks(both or (), known, since, now)
        before = None
        if both is not None:
            former = [run for run in both if run.created_at < since]
            earlier = [each for each in known if each.since < since]
            before = compute_key_figures(former, earlier, earliest)
        open_incidents = [each for each in known if each.open]
        return OverviewFigures(
            figures=None if runs is None else compute_key_figures(runs, known, since),
            before=before,
            charts=tuple(chart._replace(marks=marks) for chart in charts),
            attention=list_attention(
                going_on.found if going_on else (), open_incidents, caps, services.facts, now
            ),
            next_steps=await self._list_next_steps(both, counts),
            going_on=() if going_on is None else going_on.found,
            shipped=[run for run in both or () if run.live_at and run.live_at >= since][
                :_MAX_ITEMS
            ],
            open_incidents=open_incidents[:_MAX_ITEMS],
            caps=caps,
            missing=missing,
        )

    async def _list_next_steps(
        self, runs: Sequence[RunSummary] | None, counts: Sequence[ActionCount] | None
    ) -> Sequence[NextStep]:
        """Return the next steps if there has never been a run, else nothing."""
        if runs is None or runs:
            return ()
        any_run = await _try_read(self._services.search.search_runs(RunQuery(size=1)), "runs", {})
        if any_run is None or any_run.found:
            return ()
        has_actions = any(each.kind not in _MACHINE for each in counts or ())
        return list_next_steps(self._services.facts, has_actions=has_actions)

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


def _build_marks(
    runs: Sequence[RunSummary], incidents: Sequence[Incident], since: datetime, now: datetime
) -> tuple[ChartMark, ...]:
    """Return the changes that went live and the incidents that began, oldest first."""
    marks = [build_deploy_mark(run, run.live_at) for run in runs if run.live_at is not None]
    marks += map(build_incident_mark, incidents)
    return tuple(sorted(mark for mark in marks if since <= mark.at <= now)[-_MOST_MARKS:])


def _build_failure_chart(
    counts: Sequence[ActionCount], span: ShownSpan, now: datetime
) -> ChartTable:
    """Return the share of people's actions that failed."""
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
        f"{bad:,} of {total:,} actions failed",
        "percent", "lines", span.seconds, (ChartColumn("Failed", "bad"),), tuple(rows),
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
    """Return the cost of models by purpose, by hour or by day. Raises `StoreError`."""
    if span.length <= timedelta(days=1):
        since = span.get_start(now)
        charges = await ledger.list_charges(since=since, limit=_MOST_CHARGES)
        costs = [
            (each.account.purpose, get_bucket(each.at, span.seconds), each.cost_usd)
            for each in charges
        ]
        return _build_spending_chart(costs, None, since, now, span.seconds)
    first = datetime.combine((now - span.length).astimezone(UTC).date(), time(), UTC)
    sums = await ledger.sum_charges(since=first)
    costs = [(e.account.purpose, datetime.combine(e.day, time(), UTC), e.cost_usd) for e in sums]
    return _build_spending_chart(costs, rules, first, now, _DAY)


def _build_spending_chart(
    paid: Sequence[tuple[str, datetime, float]],
    rules: BudgetRules | None,
    first: datetime,
    now: datetime,
    seconds: int,
) -> ChartTable:
    """Return the cost of models by interval and purpose; `rules` give the cap of a day."""
    costs: dict[str, dict[datetime, float]] = defaultdict(lambda: defaultdict(float))
    for purpose, at, cost in paid:
        costs[purpose][at] += cost
    largest = sorted(costs, key=lambda name: -sum(costs[name].values()))
    rows = tuple(
        ChartRow(at, tuple(round(costs[name].get(at, 0.0), 4) for name in largest))
        for at in list_buckets(first, now, seconds)
    )
    most = max((sum(value or 0 for value in row.values) for row in rows), default=0.0)
    cap = rules.day.usd if rules is not None else None
    total = sum(cost for _, _, cost in paid)
    period = f"{len(rows)} days (UTC)" if seconds == _DAY else "24 hours"
    capped = f"; the daily cap is ${cap:.2f}" if cap else ""
    return ChartTable(
        "spending", "Spending",
        f"${total:.2f} on models in {period}{capped}",
        "usd", "stacked", seconds,
        tuple(
            ChartColumn(describe_purpose(name), get_tone(place))
            for place, name in enumerate(largest)
        ),
        rows,
        limit=cap if cap is not None and cap <= 4 * most else None,  # a high cap dwarfs bars
    )  # fmt: skip
