"""The continuous mode: one run after the other for the goals, within limits, until it stalls.

It ends, and says why, at the first of: no goal left, nothing left that may be started, the number
of runs, the money, several runs in a row without progress, the same work twice, a pause or a stop.
"""

import asyncio
from math import inf

import structlog

from bot.authority.announcements import DevChannelAnnouncer
from bot.authority.authorizer import Authorizer
from bot.authority.policy import Act
from bot.domain.errors import OutOfBounds, PortError, UnknownRun, WrongStage
from bot.domain.objective import (
    BegunWork,
    GoalsConfig,
    Opportunity,
    Pursuit,
    PursuitLimits,
)
from bot.domain.people import Person
from bot.domain.personal_data import DataSubject
from bot.domain.run import Run, Status
from bot.goals.opportunity_board import OpportunityBoard
from bot.goals.opportunity_starter import OpportunityStarter
from bot.goals.service import ObjectiveReport, ObjectiveService
from bot.goals.texts import describe_pursuit
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.ports.store import Store
from bot.presentation.cards import to_plain_text
from bot.presentation.counts import format_count

_NAME = "goals-pursuit"
_SECONDS = 30.0
_FAILED = log_warnings(
    structlog.stdlib.get_logger(__name__), "the goals could not be pursued; I will try again"
)


class PursuitRecords:
    """The stored state of the continuous mode, and what its runs have cost."""

    def __init__(self, key_values: KeyValueStore, store: Store) -> None:
        self._key_values = key_values
        self._store = store

    async def load(self) -> Pursuit | None:
        """Return the newest state, or `None`. Raises `StoreError`."""
        return await self._key_values.get(_NAME, Pursuit)

    async def save(self, pursuit: Pursuit) -> None:
        """Store the state. Raises `StoreError`."""
        await self._key_values.put(_NAME, pursuit)

    async def find_last_run(self, pursuit: Pursuit) -> Run | None:
        """Return the newest run of the mode, or `None`. Raises `StoreError`."""
        return await self.find(pursuit.begun[-1].run_id) if pursuit.begun else None

    async def sum_cost(self, pursuit: Pursuit) -> float:
        """Return the dollars that its runs have cost. Raises `StoreError`."""
        runs = [await self.find(each.run_id) for each in pursuit.begun]
        return sum(run.cost_usd for run in runs if run is not None)

    async def count_records(self, subject: DataSubject) -> int:
        """Return whether the person has started the mode, as a number. Raises `StoreError`."""
        pursuit = await self.load()
        return int(pursuit is not None and pursuit.started_by.id == subject.id)

    async def erase(self, subject: DataSubject) -> int:
        """Forget the mode that the person has started, which ends it. Raises `StoreError`."""
        count = await self.count_records(subject)
        if count:
            await self._key_values.remove(_NAME)
        return count

    async def find(self, run_id: str) -> Run | None:
        """Return a run, or `None` if it was removed. Raises `StoreError`."""
        try:
            return await self._store.get(run_id)
        except UnknownRun:
            return None


class GoalPursuit:
    """Works towards the goals until a limit is reached. It never merges, and obeys every pause."""

    def __init__(
        self,
        service: ObjectiveService,
        board: OpportunityBoard,
        starter: OpportunityStarter,
        records: PursuitRecords,
        announcer: DevChannelAnnouncer,
        authorizer: Authorizer,
        *,
        config: GoalsConfig,
    ) -> None:
        self._service = service
        self._board = board
        self._starter = starter
        self._records = records
        self._announcer = announcer
        self._authorizer = authorizer
        self._config = config
        self._clock: Clock = board.clock
        self._wake = asyncio.Event()
        # A turn and a person's halt both read the record, change it and write it.
        self._writing = asyncio.Lock()
        self._is_active = True  # until the first turn has read the record

    async def begin(self, person: Person, iterations: int, usd: float) -> str:
        """Begin the mode within these limits; return what to answer.

        Raises `NotAuthorized`, `OutOfBounds` for limits above those of the configuration,
        `WrongStage` if it runs already, `StoreError`.
        """
        note = f"pursue: {iterations} runs, {usd} usd"
        await self._authorizer.ask(person, Act.SET_GOALS, None, note)
        most, most_usd = self._config.iterations, self._config.usd
        if not (1 <= iterations <= most and 0 <= usd <= most_usd):
            raise OutOfBounds(
                f"At most {most} runs (`goals.iterations`) and ${most_usd:.2f} (`goals.usd`)."
            )
        async with self._writing:
            known = await self._records.load()
            if known is not None and known.is_active:
                raise WrongStage("I do that already; `/goals halt` ends it.")
            report = await self._service.measure_all()
            limits = PursuitLimits(
                iterations=iterations, usd=usd, stalled_after=self._config.stalled_after
            )
            pursuit = Pursuit(
                started_by=person,
                started_at=self._clock.now(),
                limits=limits,
                gaps=_measure_gaps(report),
            )
            await self._records.save(pursuit)
        self._is_active = True
        self._wake.set()
        return describe_pursuit(pursuit, 0.0)

    async def end(self, person: Person) -> str:
        """End the mode; its current run goes on. Raises `NotAuthorized`, `WrongStage`."""
        await self._authorizer.ask(person, Act.SET_GOALS, None, "halt the pursuit")
        async with self._writing:
            pursuit = await self._records.load()
            if pursuit is None or not pursuit.is_active:
                raise WrongStage("I do not work continuously towards the goals.")
            return await self._end(pursuit, f"{to_plain_text(person.name, 40)} has ended it.")

    async def describe(self) -> str:
        """Return the state; empty if the mode was never used. Raises `StoreError`."""
        pursuit = await self._records.load()
        if pursuit is None:
            return ""
        return describe_pursuit(pursuit, await self._records.sum_cost(pursuit))

    async def run_forever(self) -> None:
        """Take turns while the mode is active; otherwise wait until it begins."""
        await run_periodically(
            self.turn, self._clock, lambda: _SECONDS if self._is_active else inf,
            wake=self._wake, tolerated=PortError, failed=_FAILED,
        )  # fmt: skip

    async def turn(self) -> None:
        """Look at the last run, and start the next one if it is settled. Raises `PortError`."""
        async with self._writing:
            pursuit = await self._records.load()
            self._is_active = pursuit is not None and pursuit.is_active
            if pursuit is None or not pursuit.is_active:
                return
            last = await self._records.find_last_run(pursuit)
            if last is not None and last.under_way:
                return
            report = await self._service.measure_all()
            pursuit = _count_progress(pursuit, last, _measure_gaps(report))
            why = await self._find_limit(pursuit, report)
            if why:
                await self._end(pursuit, why)
            else:
                await self._take_step(pursuit, report)

    async def _find_limit(self, pursuit: Pursuit, report: ObjectiveReport) -> str:
        """Return why the mode ends before any further work; empty if it goes on."""
        limits, cost = pursuit.limits, await self._records.sum_cost(pursuit)
        if not report.objectives:
            return "there is no goal."
        gaps = _measure_gaps(report)
        if not gaps:
            return "no goal can be measured yet; `/goals list` says what is missing."
        if not any(gaps.values()):
            return "every goal that can be measured is met."
        if pursuit.stalled >= limits.stalled_after:
            return f"deadlock: {format_count(pursuit.stalled, 'run')} in a row without progress."
        if len(pursuit.begun) >= limits.iterations:
            return f"{format_count(limits.iterations, 'run')} was the limit."
        if cost >= limits.usd > 0:
            return f"${cost:.2f} of ${limits.usd:.2f} are spent."
        return ""

    async def _take_step(self, pursuit: Pursuit, report: ObjectiveReport) -> None:
        """Begin the best work that may be begun, or end the mode."""
        for work in await self._board.rank(report):
            if work.key in pursuit.refused:
                continue
            earlier = await self._find_earlier_run(pursuit, work)
            if earlier is not None and earlier.has_ended:
                title = to_plain_text(work.title, 80)
                await self._end(pursuit, f"deadlock: “{title}” would be the same work twice.")
                return
            if earlier is not None or not work.can_start:
                continue  # its change waits for a person, or somebody else works on it
            why = await self._find_money_limit(pursuit, work)
            if why:
                await self._end(pursuit, why)
                return
            result = await self._starter.start(work, _build_key(pursuit))
            if result.is_paused:
                await self._end(pursuit, to_plain_text(result.why, 300))
                return
            if result.run_id is not None:
                await self._board.record(work, result.run_id, report)
                begun = BegunWork(key=work.key, run_id=result.run_id)
                await self._records.save(pursuit.replace(begun=(*pursuit.begun, begun)))
                return
            pursuit = pursuit.replace(refused=(*pursuit.refused, work.key))
        await self._end(pursuit, "nothing that I may begin would help.")

    async def _find_earlier_run(self, pursuit: Pursuit, work: Opportunity) -> Run | None:
        """Return the newest run of the mode about the same work."""
        same = [each.run_id for each in pursuit.begun if each.key == work.key]
        return await self._records.find(same[-1]) if same else None

    async def _find_money_limit(self, pursuit: Pursuit, work: Opportunity) -> str:
        left = pursuit.limits.usd - await self._records.sum_cost(pursuit)
        if work.usd <= left:
            return ""
        return (
            f"the next run costs about ${work.usd:.2f}, and ${max(0.0, left):.2f} are left of "
            f"${pursuit.limits.usd:.2f}."
        )

    async def _end(self, pursuit: Pursuit, why: str) -> str:
        now = self._clock.now()
        ended = pursuit.replace(ended_at=now, ended_for=why)
        await self._records.save(ended)
        self._is_active = False
        text = describe_pursuit(ended, await self._records.sum_cost(ended))
        await self._announcer.tell(text, key=f"goals-pursuit:{pursuit.started_at.isoformat()}")
        return text


def _measure_gaps(report: ObjectiveReport) -> dict[str, float]:
    """Return how far each measurable goal is from its target."""
    newest = [(each, each.checks[-1]) for each in report.objectives if each.checks]
    return {
        each.id: each.requirement.compute_gap(check.value)
        for each, check in newest
        if check.value is not None
    }


def _count_progress(pursuit: Pursuit, last: Run | None, gaps: dict[str, float]) -> Pursuit:
    """Return the state after the last run: a proposal, or a goal that is nearer, is progress."""
    is_nearer = any(gap < pursuit.gaps.get(name, gap) for name, gap in gaps.items())
    nearest = {name: min(gap, pursuit.gaps.get(name, gap)) for name, gap in gaps.items()}
    if len(pursuit.begun) == pursuit.judged:
        return pursuit.replace(gaps=nearest)
    has_result = last is not None and last.status in (Status.WAITING, Status.DONE)
    stalled = 0 if is_nearer or has_result else pursuit.stalled + 1
    return pursuit.replace(gaps=nearest, stalled=stalled, judged=len(pursuit.begun))


def _build_key(pursuit: Pursuit) -> str:
    """Return a key that is the same after a crash, so that no run is started twice."""
    return f"{pursuit.started_at:%Y%m%dT%H%M%S}:{len(pursuit.begun)}"
