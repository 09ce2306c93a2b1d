"""The weekly review: measures goals, ranks work, starts what is allowed, and reports effects."""

from datetime import datetime

import structlog

from bot.authority.announcements import DevChannelAnnouncer
from bot.domain.errors import PortError
from bot.domain.objective import GoalsConfig, Opportunity, ReviewSlot
from bot.domain.people import Person
from bot.domain.posts import Post
from bot.goals.opportunity_board import OpportunityBoard
from bot.goals.opportunity_starter import OpportunityStarter, StartResult
from bot.goals.service import ObjectiveReport, ObjectiveService
from bot.goals.texts import NO_GOALS, render_review
from bot.monitoring.self_audit_schedule import find_newest_slot, is_due, pause
from bot.periodic import log_warnings, run_periodically
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore
from bot.presentation.later import add_notice_buttons

_SLOT = "goals-review"
_NOT_DONE = log_warnings(
    structlog.stdlib.get_logger(__name__), "the goals could not be reviewed; I will try again"
)


class GoalReview:
    """Posts the review of the goals in the dev channel, once for each configured time.

    Without goals, it reads nothing and posts nothing.
    """

    def __init__(
        self,
        service: ObjectiveService,
        board: OpportunityBoard,
        starter: OpportunityStarter,
        announcer: DevChannelAnnouncer,
        key_values: KeyValueStore,
        clock: Clock,
        *,
        config: GoalsConfig,
    ) -> None:
        self._service = service
        self._board = board
        self._starter = starter
        self._announcer = announcer
        self._key_values = key_values
        self._clock = clock
        self._config = config

    async def run_forever(self) -> None:
        """Review the goals whenever it is due, until cancelled."""
        await run_periodically(
            self.look, self._clock, self._compute_pause, tolerated=PortError, failed=_NOT_DONE
        )

    async def look(self) -> None:
        """Review the goals if that is due. The first start has no slot to catch up with."""
        if self._config.cron is None or self._announcer.has_to_wait():
            return
        now = self._clock.now()
        slot = find_newest_slot(self._config.cron, self._config.timezone, now)
        last = await self._key_values.get(_SLOT, ReviewSlot)
        if last is None:
            await self._key_values.put(_SLOT, ReviewSlot(slot=slot or now))
        elif slot is not None and is_due(slot, last.slot, now):
            await self._review(slot)
            await self._key_values.put(_SLOT, ReviewSlot(slot=slot))

    async def build_post(self, person: Person) -> Post:
        """Return the review for a person, who has to be allowed to read. It starts nothing.

        Raises `NotAuthorized`, `PortError`.
        """
        report = await self._service.report(person)
        if not report.objectives:
            return Post(text=NO_GOALS)
        ranked = await self._board.rank(report)
        return render_review(report, ranked, (), await self._board.judge_attempts())

    def _compute_pause(self) -> float:
        return pause(self._config, self._clock.now())

    async def _review(self, slot: datetime) -> None:
        report = await self._service.measure_all()
        if not report.objectives:
            return
        ranked = await self._board.rank(report)
        started = await self._start(report, ranked, f"{slot:%Y%m%dT%H%M}")
        post = render_review(report, ranked, started, await self._board.judge_attempts())
        post = add_notice_buttons(post, "goals", slot.isoformat())
        await self._announcer.post(post, key=f"goals:{slot.isoformat()}")

    async def _start(
        self, report: ObjectiveReport, ranked: tuple[Opportunity, ...], key: str
    ) -> list[tuple[Opportunity, StartResult]]:
        """Start the best work, as much as `goals.starts` allows; a pause ends it."""
        results: list[tuple[Opportunity, StartResult]] = []
        begun = 0
        for work in ranked:
            if begun >= self._config.starts:
                break
            if not work.can_start:
                continue
            result = await self._starter.start(work, key)
            results.append((work, result))
            if result.run_id is not None:
                begun += 1
                await self._board.record(work, result.run_id, report)
            elif result.is_paused:
                break
        return results
