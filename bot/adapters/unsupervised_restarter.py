"""The restarter of a process without a supervisor, which cannot restart."""

from bot.ports.restarter import RestartAnswer

UNSUPERVISED_REASON = (
    "this process has no supervisor, so a person must restart it; `theseus run` without "
    "`--no-supervisor` restarts automatically"
)


class UnsupervisedRestarter:
    """Implements `bot.ports.restarter.Restarter` if there is no supervisor."""

    async def request(
        self, *, commit: str, reason: str, run_id: str | None = None
    ) -> RestartAnswer:
        """Refuse, with an explanation of what to do."""
        del commit, reason, run_id
        return RestartAnswer(accepted=False, reason=UNSUPERVISED_REASON)

    def get_rollback_reason(self, commit: str) -> str | None:
        """Return `None`: nothing is ever rolled back."""
        del commit
        return None
