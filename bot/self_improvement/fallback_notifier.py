"""The second place to say it, where a run's own thread is gone or takes nothing.

There is always one: the channel the request came from, the dev channel, or whoever asked, directly.
"""

import logging
from collections.abc import AsyncIterator

from bot.domain.errors import ChatRejected
from bot.domain.people import ITSELF
from bot.domain.posts import Button, Post
from bot.domain.run import Run
from bot.ports.chat import Chat
from bot.presentation.cards import to_plain_text
from bot.presentation.titles import format_title

THREAD_LOST = (
    "I wait with it: its thread is gone, or takes nothing from me, and nobody would see it."
)
_log = logging.getLogger(__name__)


class FallbackNotifier:
    """Says what a run's thread did not take."""

    def __init__(self, chat: Chat, dev_channel_id: int) -> None:
        self._chat = chat
        self._dev_channel_id = dev_channel_id

    async def say(self, run: Run, post: Post, key: str, why: ChatRejected | None = None) -> None:
        """Say it in the first place that takes it; once for this key."""
        said = post.replace(
            text=f"{_format_lead(run, why)}\n{post.text}", buttons=_build_buttons(run)
        )
        async for number, channel in self._iterate_places(run):
            try:
                await self._chat.post(channel, said, key=f"{key}:elsewhere:{number}")
            except ChatRejected as error:
                _log.warning("run %s cannot speak in %s either: %s", run.id, channel, error)
            else:
                return
        _log.error("nobody could be told of run %s: %s", run.id, post.text)

    async def _iterate_places(self, run: Run) -> AsyncIterator[tuple[int, int]]:
        """Yield where to try, each place once, with a number that stays its own."""
        here = run.trigger.place.channel_id
        yield 0, here
        if here != self._dev_channel_id:
            yield 1, self._dev_channel_id
        person = run.trigger.person
        if person != ITSELF:
            try:
                yield 2, await self._chat.open_direct_channel(person.id)
            except ChatRejected as error:
                _log.warning("run %s: %s takes no direct message: %s", run.id, person.id, error)


def _format_lead(run: Run, why: ChatRejected | None) -> str:
    what = to_plain_text(format_title(run.trigger, 80))
    lost = " I could not say this in its thread" if run.thread_id else " It has no thread"
    told = str(why).rstrip(".") if why else ""
    return f"About `{run.id}`, {run.goal} **{what}**.{lost}{f' ({told})' if told else ''}:"


def _build_buttons(run: Run) -> tuple[Button, ...]:
    """Return the buttons of a run that goes on: in a thread that people see, or not at all."""
    if run.has_ended:
        return ()
    return (
        Button(label="Open a new thread", action="reopen", arguments=(run.id,), style="primary"),
        Button(label="Cancel", action="cancel", arguments=(run.id,)),
    )
