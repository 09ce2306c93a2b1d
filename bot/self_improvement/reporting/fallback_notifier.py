"""Posts a run's messages elsewhere if its own thread is gone or refuses them.

There is always a place: the channel of the request, the dev channel, or a direct message.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from bot.domain.errors import ChatRejected
from bot.domain.guilds import RunChannels
from bot.domain.people import ITSELF
from bot.domain.posts import Button, Post
from bot.domain.run import Run
from bot.ports.chat import Chat
from bot.presentation.cards import to_plain_text
from bot.presentation.titles import format_title

THREAD_LOST = (
    "The run waits, because its thread is gone or refuses my messages, and nobody would see them."
)
_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, eq=False)
class FallbackNotifier:
    """Posts what a run's thread has refused."""

    chat: Chat
    channels: RunChannels

    async def say(self, run: Run, post: Post, key: str, why: ChatRejected | None = None) -> None:
        """Post the message in the first place that accepts it; once for this key."""
        redirected = post.replace(
            text=f"{_format_lead(run, why)}\n{post.text}", buttons=_build_buttons(run)
        )
        async for number, channel in self._iterate_places(run):
            try:
                await self.chat.post(channel, redirected, key=f"{key}:elsewhere:{number}")
            except ChatRejected as error:
                _log.warning("run %s cannot post in %s either: %s", run.id, channel, error)
            else:
                return
        _log.error("a message of run %s could not be posted anywhere: %s", run.id, post.text)

    async def _iterate_places(self, run: Run) -> AsyncIterator[tuple[int, int]]:
        """Yield the channels to try, each once, with a number that is stable across restarts."""
        here = run.trigger.place.channel_id
        yield 0, here
        dev = self.channels.choose(run.trigger.place)
        if here != dev:
            yield 1, dev
        person = run.trigger.person
        if person != ITSELF:
            try:
                yield 2, await self.chat.open_direct_channel(person.id)
            except ChatRejected as error:
                _log.warning("run %s: %s accepts no direct message: %s", run.id, person.id, error)


def _format_lead(run: Run, why: ChatRejected | None) -> str:
    what = to_plain_text(format_title(run.trigger, 80))
    problem = " I could not say this in its thread" if run.thread_id else " It has no thread"
    reason = str(why).rstrip(".") if why else ""
    return f"About `{run.id}`, {run.goal} **{what}**.{problem}{f' ({reason})' if reason else ''}:"


def _build_buttons(run: Run) -> tuple[Button, ...]:
    """Return the buttons of an unfinished run: continue in a new thread, or cancel."""
    if run.has_ended:
        return ()
    return (
        Button(label="Open a new thread", action="reopen", arguments=(run.id,), style="primary"),
        Button(label="Cancel", action="cancel", arguments=(run.id,)),
    )
