"""What only a restart takes on: what it needs is installed, then a restart is asked for."""

from collections.abc import Awaitable, Callable, Sequence

from bot.domain.adoption import filter_by_way
from bot.ports.restarter import Restarter

Install = Callable[[], Awaitable[str]]
"""Installs what the lock names; returns why it could not, with the way out, or nothing."""

_SERVICE = (
    "`bot/supervisor` counts once the service itself is restarted, which a person does "
    "(`systemctl restart theseus`)"
)
_RESTARTING = "I restart onto it now, and say here when it is live"


class CoreUpdates:
    """Says of changed core files who brings them to run, and sets it going where it can."""

    def __init__(self, restarter: Restarter, install: Install) -> None:
        self._restarter = restarter
        self._install = install

    async def bring(self, files: Sequence[str], commit: str, run_id: str | None) -> str:
        """Return what is still missing, and who does it: a sentence without its full stop.

        Nothing is restarted onto what could not be installed.
        """
        parts = [_SERVICE] if filter_by_way(files, "service") else []
        if filter_by_way(files, "install") and (why := await self._install()):
            return "; ".join((f"what it needs could not be installed: {why.rstrip('.')}", *parts))
        if len(files) > len(filter_by_way(files, "service")):
            reason = f"core code changed ({', '.join(files[:3])})"
            answer = await self._restarter.request(commit=commit, reason=reason, run_id=run_id)
            caution = f"; {answer.caution}" if answer.caution else ""
            told = f"{_RESTARTING}{caution}"
            if not answer.accepted:
                told = f"it takes a restart: {answer.reason}"
            parts.insert(0, told.rstrip("."))
        return "; ".join(parts)

    def get_rollback_reason(self, commit: str) -> str | None:
        """Return why a commit was taken back after a start of it; `None`: it was not."""
        return self._restarter.get_rollback_reason(commit)
