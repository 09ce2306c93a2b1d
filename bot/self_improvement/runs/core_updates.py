"""Activates changes that need a restart: installs dependencies, then requests the restart."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.domain.adoption import filter_by_way
from bot.ports.restarter import Restarter

Install = Callable[[], Awaitable[str]]
"""Installs the locked dependencies; returns why it failed and what to do, or an empty text."""

_SERVICE = (
    "`bot/supervisor` takes effect when a person restarts the service itself "
    "(`systemctl restart theseus`)"
)
_RESTARTING = "I restart now to load it, and say here when it is live"


@dataclass(frozen=True, eq=False)
class CoreUpdates:
    """Starts what brings changed core files live, and says what a person has to do."""

    restarter: Restarter
    install: Install

    async def bring(self, files: Sequence[str], commit: str, run_id: str | None) -> str:
        """Return what is still missing and who does it, as a sentence without its full stop.

        If the dependencies cannot be installed, no restart is requested.
        """
        parts = [_SERVICE] if filter_by_way(files, "service") else []
        if filter_by_way(files, "install") and (why := await self.install()):
            return "; ".join(
                (f"its dependencies could not be installed: {why.rstrip('.')}", *parts)
            )
        if len(files) > len(filter_by_way(files, "service")):
            reason = f"core code changed ({', '.join(files[:3])})"
            answer = await self.restarter.request(commit=commit, reason=reason, run_id=run_id)
            caution = f"; {answer.caution}" if answer.caution else ""
            text = f"{_RESTARTING}{caution}"
            if not answer.accepted:
                text = f"it needs a restart: {answer.reason}"
            parts.insert(0, text.rstrip("."))
        return "; ".join(parts)

    def get_rollback_reason(self, commit: str) -> str | None:
        """Return why a commit was rolled back after its start; `None` if it was not."""
        return self.restarter.get_rollback_reason(commit)
