"""Opens the threads of runs: on the message of the request, or in the dev channel.

For a server with a channel of its own, that is its dev channel.
"""

from contextlib import suppress

import structlog

from bot.domain.chat_errors import ThreadsUnavailable
from bot.domain.errors import ChatRejected, JournalError
from bot.domain.guilds import RunChannels
from bot.domain.people import ITSELF
from bot.domain.posts import MessageRef, Post
from bot.domain.run import Run, Trigger
from bot.ports.chat import Chat
from bot.ports.journal import Journal
from bot.ports.store import Store
from bot.presentation import cards
from bot.presentation.titles import format_thread_title, format_title

_log = structlog.stdlib.get_logger(__name__)


class RunThreads:
    """Opens the thread of a run and shows its card there."""

    def __init__(self, store: Store, chat: Chat, journal: Journal, channels: RunChannels) -> None:
        self._chat = chat
        self._store = store
        self._journal = journal
        self._channels = channels
        self._roots: dict[
            int, str
        ] = {}  # message id -> id of the run whose thread is attached to it

    async def announce(self, run: Run, card: Post, key: str) -> Run:
        """Return the run with its thread and the card in it; once for this key.

        If the channel of the request allows no thread or no card, the run continues in the dev
        channel. Raises `ChatRejected` if that refuses too.
        """
        name = await self._name(run.trigger)
        try:
            thread = run.thread_id or await self._open(run, name, key)
            return await self._show(run, thread, card, f"{key}:card")
        except ChatRejected as error:
            if run.thread_id is not None or self._get_channel_id(run) == self._channels.choose(
                run.trigger.place
            ):
                raise
            return await self._announce_in_dev_channel(run, card, key, error)

    async def _announce_in_dev_channel(
        self, run: Run, card: Post, key: str, why: ChatRejected
    ) -> Run:
        """Open the run's thread in the dev channel, and say so there and where it was asked."""
        place, reason = run.trigger.place, str(why).rstrip(".")
        asked_in = place.thread_id or place.channel_id
        text = f"{_request_line(run)}\nThis was asked in <#{asked_in}>. I go on here: {reason}."
        channel = self._channels.choose(place)
        root = await self._chat.post(channel, Post(text=text), key=f"{key}:root:dev")
        thread = await self._open_on(root, await self._name(run.trigger))
        announced = await self._show(run, thread, card, f"{key}:card:dev")
        notice = Post(text=f"I go on in <#{thread}>: {reason}.", reply_to=place.message_id)
        try:
            await self._chat.post(asked_in, notice, key=f"{key}:moved")
        except ChatRejected as error:
            _log.warning(
                "run %s could not post in %s where it continues: %s", run.id, asked_in, error
            )
        return announced

    async def _show(self, run: Run, thread: int, card: Post, key: str) -> Run:
        try:
            message = await self._chat.post(thread, card, key=key)
        except ChatRejected as error:
            raise ChatRejected(f"I could not show my card in <#{thread}>: {error}") from error
        return run.replace(thread_id=thread, card_id=message.message_id)

    async def _name(self, trigger: Trigger) -> str:
        """Return the thread's name; if the journal cannot be read, from the request alone."""
        failed = None
        if trigger.error_id is not None:
            with suppress(JournalError):
                failed = await self._journal.get(trigger.error_id)
        return format_thread_title(trigger, failed)

    async def _open(self, run: Run, name: str, key: str) -> int:
        """Return the run's own thread: on the person's message, or on a post that names them.

        A message that already has another run's thread is not used.
        """
        own = _find_own_message(run) if not run.reopened else None
        if own is not None and self._roots.setdefault(own.message_id, run.id) == run.id:
            thread = await self._open_on_message(own, run, name)
            if thread is not None:
                return thread
        channel, post = self._get_channel_id(run), Post(text=_request_line(run))
        try:
            root = await self._chat.post(channel, post, key=f"{key}:root")
        except ChatRejected as error:
            raise ChatRejected(f"I could not open a thread: {error}") from error
        return await self._open_on(root, name)

    async def _open_on(self, root: MessageRef, name: str) -> int:
        try:
            return await self._chat.open_thread(root, name)
        except ChatRejected as error:
            raise ThreadsUnavailable(f"I could not open a thread: {error}") from error

    async def _open_on_message(self, own: MessageRef, run: Run, name: str) -> int | None:
        try:
            thread = await self._chat.open_thread(own, name)
        except ThreadsUnavailable as error:
            raise ThreadsUnavailable(f"I could not open a thread: {error}") from error
        except ChatRejected:
            return None  # the message was deleted in the meantime
        others = await self._store.find(thread_id=thread)
        return thread if all(other.id == run.id for other in others) else None

    def _get_channel_id(self, run: Run) -> int:
        """Return the channel of the thread. Direct messages have no threads."""
        place = run.trigger.place
        return self._channels.dev_channel_id if place.guild_id is None else place.channel_id


def _request_line(run: Run) -> str:
    return (
        f"{_describe_request(run.trigger)}: {cards.to_plain_text(format_title(run.trigger, 200))}"
    )


def _describe_request(trigger: Trigger) -> str:
    """Return who asked for what, or that the bot acts without a request."""
    if trigger.person != ITSELF:
        return f"**{trigger.person.name}** asked me to {trigger.goal}"
    doing = {
        "investigate": "look into",
        "fix": "work on a fix for",
        "change": "work on",
        "revert": "propose to revert",
    }
    return f"Nobody asked me, but I {doing[trigger.goal]}"


def _find_own_message(run: Run) -> MessageRef | None:
    """Return the message for the thread: one in a server's channel, not in a thread."""
    place = run.trigger.place
    if place.message_id is None or place.thread_id is not None or place.guild_id is None:
        return None
    return MessageRef(channel_id=place.channel_id, message_id=place.message_id)
