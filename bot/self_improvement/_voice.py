"""How a run speaks: its thread, its living card, its last word. Every post has a lasting key."""

from bot.domain import cards
from bot.domain.cards import ending, investigation, shipped
from bot.domain.history import History
from bot.domain.posts import MessageRef, Post
from bot.domain.run import Run, Status
from bot.ports.chat import Chat
from bot.ports.clock import Clock


class Voice:
    """Posts and edits for runs. Saying the same thing twice is harmless: the outbox knows keys."""

    def __init__(self, chat: Chat, clock: Clock, *, dev_channel_id: int) -> None:
        self._chat = chat
        self._clock = clock
        self._dev_channel_id = dev_channel_id

    async def announce(self, run: Run) -> Run:
        """Return the run with its thread and card, opening them if they are not there yet."""
        if run.thread_id is not None and run.card_id is not None:
            return run
        root = await self._root(run)
        name = f"{run.goal}: {run.trigger.subject or run.trigger.text or run.id}"[:90]
        thread = run.thread_id or await self._chat.open_thread(root, name)
        card = await self._chat.post(
            thread, cards.progress(self._now(run), History()), key=f"{run.id}:card"
        )
        return run.but(thread_id=thread, card_id=card.message_id)

    async def _root(self, run: Run) -> MessageRef:
        """Return the message the thread hangs on: the person's own, or one that quotes them."""
        place = run.trigger.place
        own = place.message_id is not None and place.thread_id is None
        if own and place.guild_id is not None and place.message_id is not None:
            return MessageRef(channel_id=place.channel_id, message_id=place.message_id)
        channel = place.channel_id if place.guild_id is not None else self._dev_channel_id
        what = run.trigger.subject or "the last failure"
        post = Post(text=f"**{run.trigger.person.name}** asked me to {run.goal}: {what}")
        return await self._chat.post(channel, post, key=f"{run.id}:root")

    async def refresh(self, run: Run, history: History, activity: str = "") -> None:
        """Bring the living card up to date; at the end of a run, wait until it is shown."""
        if run.thread_id is None or run.card_id is None:
            return
        ref = MessageRef(channel_id=run.thread_id, message_id=run.card_id)
        shown = self._now(run).but(activity=activity)
        await self._chat.edit(ref, cards.progress(shown, history), final=run.ended)

    async def say(self, run: Run, text: str, *, key: str) -> None:
        """Post a plain sentence in the run's thread, once for this key."""
        if run.thread_id is not None:
            await self._chat.post(run.thread_id, Post(text=text), key=f"{run.id}:{key}")

    async def propose(self, run: Run, history: History) -> int:
        """Post the proposal card; return its message id."""
        if run.thread_id is None or history.proposal is None:
            raise AssertionError("a proposal card needs a thread and a proposal")
        key = f"{run.id}:proposal:{run.attempt}:{history.proposal.version}"
        ref = await self._chat.post(run.thread_id, cards.proposal(self._now(run), history), key=key)
        return ref.message_id

    async def last_word(self, run: Run, history: History) -> None:
        """Say how the run ended. Called again after a restart, it says nothing twice."""
        post = _last_post(run, history)
        if post is None or run.thread_id is None:
            return
        key = f"{run.id}:{run.goal}:ended:{run.attempt}"
        await self._chat.post(run.thread_id, post, key=key)

    def _now(self, run: Run) -> Run:
        """Return the run with its times up to now, so that the card's clock moves."""
        return run if run.ended else run.but(updated_at=self._clock.now())


def _last_post(run: Run, history: History) -> Post | None:
    if not run.ended:
        return None
    if run.status is not Status.DONE:
        return ending(run, history)
    if history.shipment and history.proposal and history.approval:
        return shipped(history.proposal, history.approval, history.shipment)
    if run.goal == "investigate" and history.diagnosis:
        return investigation(run, history)
    return ending(run, history)
