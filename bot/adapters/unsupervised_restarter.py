"""A program that nobody restarts: it was started alone."""

from bot.ports.restarter import RestartAnswer

UNSUPERVISED_REASON = (
    "nobody watches over this process, so a person has to restart it; `theseus run` without "
    "`--no-supervisor` does that by itself"
)


class UnsupervisedRestarter:
    """Implements `bot.ports.restarter.Restarter` where there is no supervisor."""

    async def request(
        self, *, commit: str, reason: str, run_id: str | None = None
    ) -> RestartAnswer:
        """Refuse, with the way out."""
        del commit, reason, run_id
        return RestartAnswer(accepted=False, reason=UNSUPERVISED_REASON)

    def get_rollback_reason(self, commit: str) -> str | None:
        """Return `None`: nothing is ever taken back."""
        del commit
        return None
