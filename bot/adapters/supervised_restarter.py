"""Asks the supervisor for a restart."""

import logging
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from bot.domain.errors import PortError
from bot.infra.git import Git
from bot.infra.schema_versions import DATABASES, list_commit_migrations
from bot.infra.threads import run_in_thread
from bot.ports.restarter import RestartAnswer

_GONE = "the supervisor of this process is gone, so a person has to start the service again"
_BAD = (
    "that commit was taken back after a start of it ({why}); commit something newer, or start the "
    "service again by hand on it"
)
_MIGRATES = (
    "it migrates the state ({names}), which older code cannot open: once that is done it is not "
    "taken back by itself if it fails; a copy of each database from before is kept beside it"
)
_log = logging.getLogger(__name__)


class SupervisedRestarter:
    """Implements `bot.ports.restarter.Restarter` for the checkout at `root`.

    `ask` takes what is to be asked of the supervisor; `bad` maps commits that were rolled back to
    the reason; `running` is the commit of this process, `known` the migrations it knows.
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
    ) -> None:
        self._root = root
        self._ask = ask
        self._is_gone = is_gone
        self._bad = dict(bad)
        self._running = running
        self._known = sorted(known)

    async def request(
        self, *, commit: str, reason: str, run_id: str | None = None
    ) -> RestartAnswer:
        """Pass it on; the supervisor looks at the checkout itself, whatever is said here."""
        bad = self.get_rollback_reason(commit)
        if bad is not None:
            return RestartAnswer(accepted=False, reason=_BAD.format(why=bad))
        if self._is_gone():
            return RestartAnswer(accepted=False, reason=_GONE)
        migrates = await self._list_new_migrations(commit)
        told = {"commit": commit, "reason": reason, "run_id": run_id, "migrates": migrates}
        # Before it goes back to this code it looks whether that opens the state still.
        self._ask({**told, "databases": list(DATABASES), "known": self._known})
        caution = _MIGRATES.format(names=", ".join(migrates)) if migrates else ""
        return RestartAnswer(accepted=True, caution=caution)

    def get_rollback_reason(self, commit: str) -> str | None:
        """Return why it was taken back, if it was."""
        return self._bad.get(commit)

    def learn(self, bad: Mapping[str, str]) -> None:
        """Take note of what has been rolled back since."""
        self._bad.update(bad)

    async def _list_new_migrations(self, commit: str) -> list[str]:
        """Return the migrations that the state has with this commit, and not with ours."""
        git = Git(self._root)
        try:
            ours = await run_in_thread(list_commit_migrations, git, self._running)
            return sorted(await run_in_thread(list_commit_migrations, git, commit) - ours)
        except PortError as error:
            _log.warning("whether %s migrates the state is not known: %s", commit[:12], error)
            return []
