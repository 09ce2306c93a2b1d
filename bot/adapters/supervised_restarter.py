"""Asks the supervisor for a restart."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.ports.restarter import RestartAnswer

_GONE = "the supervisor of this process is gone, so a person has to start the service again"
_BAD = (
    "that commit was taken back after a start of it ({why}); commit something newer, or start the "
    "service again by hand on it"
)


class SupervisedRestarter:
    """Implements `bot.ports.restarter.Restarter` over the control channel.

    `ask` takes what is to be asked of the supervisor; `bad` maps commits that were rolled back to
    the reason.
    """

    def __init__(
        self,
        ask: Callable[[dict[str, Any]], None],
        is_gone: Callable[[], bool],
        bad: Mapping[str, str],
    ) -> None:
        self._ask = ask
        self._is_gone = is_gone
        self._bad = dict(bad)

    async def request(
        self, *, commit: str, reason: str, run_id: str | None = None
    ) -> RestartAnswer:
        """Pass it on; the supervisor looks at the checkout itself, whatever is said here."""
        bad = self.rolled_back(commit)
        if bad is not None:
            return RestartAnswer(accepted=False, reason=_BAD.format(why=bad))
        if self._is_gone():
            return RestartAnswer(accepted=False, reason=_GONE)
        self._ask({"commit": commit, "reason": reason, "run_id": run_id})
        return RestartAnswer(accepted=True)

    def rolled_back(self, commit: str) -> str | None:
        """Return why it was taken back, if it was."""
        return self._bad.get(commit)

    def learn(self, bad: Mapping[str, str]) -> None:
        """Take note of what has been rolled back since."""
        self._bad.update(bad)
