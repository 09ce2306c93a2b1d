"""Asks the supervisor for a restart."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import structlog
from theseus_guard.completion import run_in_thread

from bot.domain.errors import PortError
from bot.infra.git import Git
from bot.infra.schema_versions import DATABASES, list_commit_migrations
from bot.ports.restarter import RestartAnswer

_GONE = "the supervisor of this process has ended, so a person must start the service again"
_BAD = (
    "that commit was rolled back after it was started ({why}); commit a newer version, or start "
    "the service with it manually"
)
_MIGRATES = (
    "it migrates the state ({names}), which older code cannot open: after that I cannot roll it "
    "back automatically if it fails; a copy of each database is stored before the migration"
)
_log = structlog.stdlib.get_logger(__name__)


class SupervisedRestarter:
    """Implements `bot.ports.restarter.Restarter` for the checkout at `root`.

    `ask` sends a request to the supervisor. `bad` maps commits that were rolled back to the reason.
    `running` is the commit of this process, `known` the migrations that it knows. `has_files` is
    false if the state is in PostgreSQL, whose migrations the supervisor cannot read: the planned
    ones then decide whether a commit can be rolled back.
    """

    def __init__(
        self,
        root: Path,
        ask: Callable[[dict[str, Any]], None],
        is_gone: Callable[[], bool],
        bad: Mapping[str, str],
        *,
        running: str = "HEAD",
        known: Collection[str] = (),
        has_files: bool = True,
    ) -> None:
        self._root = root
        self._ask = ask
        self._is_gone = is_gone
        self._bad = dict(bad)
        self._running = running
        self._known = sorted(known)
        self._databases = list(DATABASES) if has_files else []

    async def request(
        self, *, commit: str, reason: str, run_id: str | None = None
    ) -> RestartAnswer:
        """Pass the request on; the supervisor checks the checkout itself in any case."""
        bad = self.get_rollback_reason(commit)
        if bad is not None:
            return RestartAnswer(accepted=False, reason=_BAD.format(why=bad))
        if self._is_gone():
            return RestartAnswer(accepted=False, reason=_GONE)
        migrates = await self._list_new_migrations(commit)
        restart = {"commit": commit, "reason": reason, "run_id": run_id, "migrates": migrates}
        # Before a rollback the supervisor checks whether this code can still open the state.
        self._ask({**restart, "databases": self._databases, "known": self._known})
        caution = _MIGRATES.format(names=", ".join(migrates)) if migrates else ""
        return RestartAnswer(accepted=True, caution=caution)

    def get_rollback_reason(self, commit: str) -> str | None:
        """Return why a commit was rolled back, or `None`."""
        return self._bad.get(commit)

    def learn(self, bad: Mapping[str, str]) -> None:
        """Record commits that were rolled back since."""
        self._bad.update(bad)

    async def _list_new_migrations(self, commit: str) -> list[str]:
        """Return the migrations of a commit that the running code does not have."""
        git = Git(self._root)
        try:
            running_migrations = await run_in_thread(list_commit_migrations, git, self._running)
            return sorted(
                await run_in_thread(list_commit_migrations, git, commit) - running_migrations
            )
        except PortError as error:
            _log.warning("cannot find out whether %s migrates the state: %s", commit[:12], error)
            return []
