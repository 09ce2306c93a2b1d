"""A restarter that records requests and does not restart."""

from bot.ports.restarter import RestartAnswer


class FakeRestarter:
    """Implements `bot.ports.restarter.Restarter`.

    `asked` is what it was asked for: commit, run, reason. `refusal`, where it is set, refuses
    everything; `taken_back` maps commits that were rolled back to the reason.
    """

    def __init__(self, refusal: str = "") -> None:
        self.refusal = refusal
        self.asked: list[tuple[str, str | None, str]] = []
        self.rollbacks: dict[str, str] = {}

    async def request(
        self, *, commit: str, reason: str, run_id: str | None = None
    ) -> RestartAnswer:
        """Note it; asked for the same commit again, it is noted once."""
        refusal = self.refusal or self.rollbacks.get(commit, "")
        if refusal:
            return RestartAnswer(accepted=False, reason=refusal)
        if all(commit != each for each, _, _ in self.asked):
            self.asked.append((commit, run_id, reason))
        return RestartAnswer(accepted=True)

    def get_rollback_reason(self, commit: str) -> str | None:
        """Return what a test says."""
        return self.rollbacks.get(commit)
