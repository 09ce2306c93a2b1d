"""Posts the card of a proposal after the proposal is saved."""

from dataclasses import dataclass

from bot.authority.run_locks import RunLocks
from bot.domain.history import History
from bot.domain.proposal import Proposal
from bot.domain.run import Run, Stage, Waiting
from bot.ports.store import Store
from bot.self_improvement.reporting.notifier import RunNotifier


@dataclass(frozen=True, eq=False)
class ProposalCards:
    """Shows proposals that wait for approval, each once.

    A proposal is saved without a card, and gets its `card_id` when the chat has the card. After a
    kill in between it has no `card_id`. Then `show` finds the card by its key, or posts it.
    """

    store: Store
    notifier: RunNotifier
    run_locks: RunLocks

    async def show(self, run: Run) -> None:
        """Post the card of the run's proposal unless it is already recorded.

        The caller must not hold the run's lock. It is taken only to save the card's id, so that it
        stays free while the chat is out of reach. Raises `ChatRejected`, `UnknownRun`,
        `StoreError`.
        """
        history = await self.store.get_history(run.id)
        proposal = _find_unposted(run, history)
        if proposal is None:
            return
        card_id = await self.notifier.propose(run, history)
        async with self.run_locks.get(run.id):
            if (await self.store.get_history(run.id)).proposal == proposal:
                await self.store.append(run.id, proposal.replace(card_id=card_id))


def _find_unposted(run: Run, history: History) -> Proposal | None:
    """Return the proposal that waits for approval and has no card, if there is one.

    A commit that was pushed to the branch since and does not hold is not proposed.
    """
    proposal, verdict = history.proposal, history.verdict
    if run.stage is not Stage.SHIP or run.waiting not in (Waiting.APPROVAL, Waiting.UNREVISED):
        return None
    if proposal is None or proposal.card_id is not None:
        return None
    return proposal if verdict is not None and verdict.head == proposal.head else None
