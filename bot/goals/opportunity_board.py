"""Ranks the work that would help from current records, and remembers what was begun for a goal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.errors import UnknownRun
from bot.domain.history import History
from bot.domain.incident import INCIDENT, Incident
from bot.domain.objective import GoalAttempt, Opportunity
from bot.domain.run import Run
from bot.goals.effects import FINAL, compare_days
from bot.goals.figures import DAY, DailyFigures, FigureCollector
from bot.goals.opportunities import Material, rank_opportunities
from bot.goals.service import ObjectiveReport
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store
from bot.self_improvement import ShippedFixes
from bot.self_improvement.requests.feature_requests import FeatureRequestService

_ATTEMPT = "goal-attempt:"
_MOST_RUNS = 200
_COMPARED_DAYS = 30
_HELD = ("fixed", "partial")


@dataclass(frozen=True, eq=False)
class OpportunityBoard:
    """Everything that could be done for the goals, and what was done.

    `usual_usd` is what a run is expected to cost before any has ended.
    """

    collector: FigureCollector
    store: Store
    key_values: KeyValueStore
    feature_requests: FeatureRequestService
    clock: Clock
    fixes: ShippedFixes
    usual_usd: float = 0.0

    async def rank(self, report: ObjectiveReport) -> tuple[Opportunity, ...]:
        """Return the work that serves an unmet goal, best first. Raises `StoreError`."""
        if not report.objectives:
            return ()
        incidents = await self.key_values.list_records(INCIDENT, Incident)
        runs = await self.store.find(limit=_MOST_RUNS)
        histories = await self.store.get_histories([run.id for run in runs])
        material = Material(
            figures=report.figures,
            incidents=[each for each in incidents if each.open],
            requests=await self.feature_requests.list_requests(),
            runs=runs,
            held={
                run_id: history.outcome.verdict in _HELD
                for run_id, history in histories.items()
                if history.outcome is not None
            },
            busy=_list_busy(runs, histories),
            fixes=await self.fixes(),
            usual_usd=self.usual_usd,
        )
        return rank_opportunities(report.objectives, material)

    async def record(self, work: Opportunity, run_id: str, report: ObjectiveReport) -> None:
        """Remember which goal a run was begun for. Raises `StoreError`."""
        served = next(each for each in report.objectives if each.id == work.objective)
        attempt = GoalAttempt(
            run_id=run_id,
            opportunity=work.key,
            title=work.title[:200],
            objective=work.objective,
            requirement=served.requirement,
            started_at=self.clock.now(),
        )
        await self.key_values.put(_ATTEMPT + run_id, attempt)

    async def judge_attempts(self) -> tuple[GoalAttempt, ...]:
        """Compare before with after for all work that is live, and return it.

        What was compared over `FINAL` days is returned once more, and then forgotten, as is work
        that ended long ago without any effect. Raises `PortError`.
        """
        judged: list[GoalAttempt] = []
        figures: DailyFigures | None = None
        for attempt in await self.key_values.list_records(_ATTEMPT, GoalAttempt):
            is_over, live_at = await self._find_state(attempt)
            now, name = self.clock.now(), _ATTEMPT + attempt.run_id
            if live_at is None:
                if is_over:
                    await self.key_values.remove(name)
                continue
            figures = figures or await self.collector.collect(_COMPARED_DAYS)
            result = compare_days(attempt.requirement, figures, live_at)
            judged.append(attempt.replace(live_at=live_at, result=result))
            if now - live_at >= (FINAL + 1) * DAY:
                await self.key_values.remove(name)
        return tuple(judged)

    async def _find_state(self, attempt: GoalAttempt) -> tuple[bool, datetime | None]:
        """Return whether a run has ended, and when its change went live."""
        try:
            run = await self.store.get(attempt.run_id)
        except UnknownRun:
            return True, None
        history = await self.store.get_history(run.id)
        if history.watch is not None:
            return run.has_ended, history.watch.began_at
        shipment = history.shipment
        is_live = shipment is not None and shipment.live
        return run.has_ended and shipment is None, shipment.at if shipment and is_live else None


def _list_busy(runs: Sequence[Run], histories: Mapping[str, History]) -> dict[str, str]:
    """Return the run that works on each failure, by fingerprint."""
    busy: dict[str, str] = {}
    for run in runs:
        diagnosis = histories[run.id].diagnosis if run.id in histories else None
        if diagnosis is not None and diagnosis.fingerprint and not run.has_ended:
            busy.setdefault(diagnosis.fingerprint, run.id)
    return busy
