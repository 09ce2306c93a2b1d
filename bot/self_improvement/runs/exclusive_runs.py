"""Changes a run under its lock, although workers change it without one."""

from collections.abc import Awaitable, Callable

from bot.authority.run_locks import RunLocks
from bot.domain.errors import StoreConflict, WrongStage
from bot.domain.run import Run
from bot.ports.store import Store

_TRIES = 10  # a worker may save the run between reading and saving it here


async def run_exclusively(
    run_locks: RunLocks, store: Store, run_id: str, act: Callable[[Run], Awaitable[Run]]
) -> Run:
    """Run `act` under the run's lock; repeat it if a worker changed the run in between.

    Raises `WrongStage` if workers change it all the time.
    """
    async with run_locks.get(run_id):
        for _ in range(_TRIES):
            try:
                return await act(await store.get(run_id))
            except StoreConflict:
                continue
    raise WrongStage(f"Run `{run_id}` is changing right now. Please try again.")
