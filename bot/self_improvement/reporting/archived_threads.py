"""Archives the threads of runs in which nothing is left to do."""

from datetime import timedelta

import structlog

from bot.domain.history import History
from bot.domain.run import FINAL_STATUSES, Run, Status
from bot.periodic import log_tracebacks, run_periodically
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.presentation.cards import is_failed_fix
from bot.self_improvement.reporting.notifier import RunNotifier

_LOOKED_AT = 50  # of the newest runs that have ended
_SETTLED = timedelta(minutes=1)  # time to read the ending, and for pending messages to arrive
_LATEST = timedelta(
    minutes=30
)  # older ends are ignored, so a thread that a person reopened stays open
_PAUSE_SECONDS = 30.0
_log = structlog.stdlib.get_logger(__name__)


class ThreadArchiver:
    """Archives each thread a minute after its run has ended, once per end."""

    def __init__(self, store: Store, clock: Clock, notifier: RunNotifier) -> None:
        self._store = store
        self._clock = clock
        self._notifier = notifier
        self._seen: set[tuple[str, int]] = set()

    async def run_forever(self) -> None:
        """Check ended runs at intervals, until cancelled."""
        failed_look = log_tracebacks(
            _log, "threads of ended runs could not be archived; I will try again"
        )
        await run_periodically(self.look, self._clock, _PAUSE_SECONDS, failed=failed_look)

    async def look(self) -> None:
        """Archive the threads of runs that ended recently and need no more attention."""
        store, now = self._store, self._clock.now()
        ended = await store.find(status=FINAL_STATUSES, limit=_LOOKED_AT)
        for run in ended:
            # By version, because a retried run ends again.
            fresh = (run.id, run.version) not in self._seen
            if fresh and _SETTLED <= now - run.updated_at <= _LATEST:
                self._seen.add((run.id, run.version))
                if has_ended(run, await store.get_history(run.id)):
                    await self._notifier.archive(run)
        # Only runs that a look can still find, so that the set stays small.
        self._seen &= {(run.id, run.version) for run in ended}


def has_ended(run: Run, history: History) -> bool:
    """Return whether nothing is left to do: rejected, without a finding, or shipped and judged.

    The thread stays open while people may still ask for a fix, retry a failed run, or revert a fix
    that did not hold.
    """
    if run.status in (Status.CANCELLED, Status.REJECTED):
        return True
    if history.shipment is None:
        diagnosis = history.diagnosis
        return (
            run.has_ended and diagnosis is not None and not (diagnosis.found or diagnosis.choices)
        )
    if history.outcome is not None:
        return not is_failed_fix(history.outcome)
    if history.watch is not None or history.use_watch is not None:
        return history.use_report is not None
    return run.status is Status.DONE and history.shipment.live
