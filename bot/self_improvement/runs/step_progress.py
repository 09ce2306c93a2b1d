"""Shows what a step does, on the run's card and in its thread."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256

import structlog
from theseus_observe.redaction import redact

from bot.budget.run_cost_meter import RunCostMeter
from bot.domain.change import CheckResult
from bot.domain.history import History
from bot.domain.run import Run
from bot.periodic import log_warnings, run_periodically
from bot.ports.agent import Progress
from bot.ports.clock import Clock
from bot.self_improvement.reporting.live_cards import HEARTBEAT_SECONDS, LiveCards
from bot.self_improvement.reporting.notifier import RunNotifier
from bot.self_improvement.reporting.run_transcripts import RunTranscripts

_PACE = 20.0  # seconds between two milestones in the thread; the card shows all
_MOST = 12  # milestones per stage
_LOOK = HEARTBEAT_SECONDS / 3  # a beat is late by this at most
_NOT_DRAWN = log_warnings(
    structlog.stdlib.get_logger(__name__), "the cards of working runs could not be drawn again"
)


class Milestones:
    """Posts the milestones that an engine reports during one stage, each once."""

    def __init__(self, run: Run, notifier: RunNotifier, clock: Clock) -> None:
        self._run = run
        self._notifier = notifier
        self._clock = clock
        self._count = 0
        self._next = 0.0

    async def report(self, text: str) -> None:
        """Post a milestone, unless one was posted just now. A restart does not repeat it.

        It is marked as the model's words, on one line: what a model says is no approval.
        """
        now = self._clock.monotonic()
        if now < self._next or self._count >= _MOST:
            return
        self._next, self._count = now + _PACE, self._count + 1
        milestone = " ".join(redact(text).split())
        digest = sha256(milestone.encode(errors="replace")).hexdigest()[:12]
        key = f"milestone:{self._run.attempt}:{self._run.round}:{digest}"
        await self._notifier.say(self._run, f"🔹 the model: {milestone}", key=key)


@dataclass(frozen=True, eq=False)
class StepProgress:
    """Builds the functions that engines and checks call while they work."""

    notifier: RunNotifier
    cost_meter: RunCostMeter
    clock: Clock
    live_cards: LiveCards
    transcripts: RunTranscripts

    def build_progress_handler(
        self, run: Run, history: History
    ) -> Callable[[Progress], Awaitable[None]]:
        """Return a handler that shows an engine's progress on the card and counts its cost.

        Some milestones are posted in the thread too; the card shows all of them.
        """
        milestones = Milestones(run, self.notifier, self.clock)

        async def show(progress: Progress) -> None:
            self.cost_meter.note(run.id, progress)
            if progress.entry is not None:
                self.transcripts.add(run.id, progress.entry)
            elif progress.text:
                self.transcripts.add_step(run.id, progress.text)
            if progress.todos is not None:
                self.live_cards.set_todos(run.id, progress.todos)
            if not progress.text:
                return
            if progress.milestone:
                await milestones.report(progress.text)
            await self.notifier.refresh(
                await self.cost_meter.add_current_cost(run), history, progress.text
            )

        return show

    def build_check_handler(
        self, run: Run, history: History, lead: str = ""
    ) -> Callable[[CheckResult], Awaitable[None]]:
        """Return a handler that shows finished checks on the card."""
        done: list[str] = []

        async def show(check: CheckResult) -> None:
            done.append(f"{check.name} {'✅' if check.ok else '❌'}")
            self.transcripts.add_step(run.id, f"{lead}{check.name} {check.status}: {check.summary}")
            await self.notifier.refresh(run, history, lead + " · ".join(done))

        return show


@dataclass(frozen=True, eq=False)
class CardHeartbeat:
    """Draws the cards of working runs again, so that their time and cost stay current."""

    notifier: RunNotifier
    live_cards: LiveCards
    cost_meter: RunCostMeter
    clock: Clock

    async def run_forever(self) -> None:
        """Look for cards that nothing has changed for a while, until cancelled."""
        await run_periodically(self.beat, self.clock, _LOOK, failed=_NOT_DRAWN)

    async def beat(self) -> None:
        """Draw the cards that are due, unless they changed meanwhile."""
        for state in self.live_cards.list_due():
            # The shown cost may include the current call's: only the ledger's total replaces it.
            run = await self.cost_meter.add_ledger_cost(state.run)
            if self.live_cards.is_current(state):
                await self.notifier.refresh(run, state.history)
