"""Reads the messages of a run's thread."""

from collections.abc import Sequence

from bot.domain.run import FINAL_STATUSES, Run, Status
from bot.ports.store import Store
from tests.fakes.fake_chat import FakeChat


class ThreadReader:
    """Reads along in the fake chat."""

    chat: FakeChat
    store: Store

    async def has_card(self, run: Run) -> bool:
        """Return whether the location of the proposal's card is known."""
        proposal = (await self.store.get_history(run.id)).proposal
        return proposal is not None and proposal.card_id is not None

    def list_texts(self, run: Run) -> Sequence[str]:
        """Return the texts in the run's thread, cards by their titles."""
        return [
            said.post.text or (said.post.card.title if said.post.card else "")
            for said in self.chat.messages
            if said.ref.channel_id == run.thread_id
        ]

    def list_final_keys(self, run: Run) -> list[str]:
        """Return the keys of the run's final messages."""
        return [
            said.key
            for said in self.chat.messages
            if f"{run.id}:" in said.key + ":" and ":ended:" in said.key
        ]

    def list_cards(self, run: Run) -> list[str]:
        """Return the keys of the run's proposal cards."""
        return [
            said.key for said in self.chat.messages if said.key.startswith(f"{run.id}:proposal:")
        ]


def is_waiting_or_ended(run: Run) -> bool:
    """Return whether the run has ended, or waits with a proposal."""
    return run.status in FINAL_STATUSES or (
        run.status is Status.WAITING and run.thread_id is not None and run.stage == "ship"
    )
