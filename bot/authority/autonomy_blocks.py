"""What blocks autonomous work now: a person's pause, or dev mode."""

from collections.abc import Collection
from dataclasses import dataclass

import structlog

from bot.authority.dev_mode import DevMode
from bot.authority.pauses import Pause
from bot.domain.errors import WorkspaceError
from bot.domain.history import History
from bot.domain.people import ITSELF
from bot.domain.run import Run, Stage
from bot.ports.clock import Clock
from bot.ports.key_value_store import KeyValueStore

PAUSE = "pause"
"""The name of a person's pause in the key-value store."""
_PROPOSED = (Stage.SHIP, Stage.WATCH)
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class AutonomyBlocks:
    """Reads blocks from the key-value store and the checkout; stores nothing itself.

    A branch that changes the files of a failure blocks only work on that failure.
    """

    key_values: KeyValueStore
    clock: Clock
    dev_mode: DevMode | None

    async def find_pause(self, files: Collection[str] = ()) -> Pause | None:
        """Return the pause that blocks autonomous work on `files`, or `None`."""
        return await self.get_manual_pause() or await self._find_dev_mode_pause(files)

    async def get_manual_pause(self) -> Pause | None:
        """Return the pause that a person started, or `None` if there is none or it has ended."""
        pause = await self.key_values.get(PAUSE, Pause)
        return None if pause is None or pause.has_ended(self.clock.now()) else pause

    async def find_run_pause(self, run: Run, history: History) -> Pause | None:
        """Return the pause that a run must wait for before its next stage, or `None`.

        A run that people want never waits: they asked for it, asked for a revision, or approved it.
        """
        own = run.trigger.person.id == ITSELF.id
        if not own or run.stage in _PROPOSED or history.revising is not None:
            return None
        return await self.find_pause(list_failing_files(history))

    async def _find_dev_mode_pause(self, files: Collection[str]) -> Pause | None:
        if self.dev_mode is None:
            return None
        try:
            return await self.dev_mode.find_pause(files)
        except WorkspaceError as error:
            now = self.clock.now()
            _log.warning("cannot check whether people work on the code: %s", error)
            return Pause(kind="dev mode", why=f"the checkout cannot be read ({error})", at=now)


def list_failing_files(history: History) -> tuple[str, ...]:
    """Return the files in the traceback of the run's failure."""
    capsule = history.evidence.capsule if history.evidence else None
    return tuple(dict.fromkeys(frame.file for frame in capsule.frames)) if capsule else ()
