"""Edits: paced for each message, the newest wins, identical ones are skipped."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.domain.posts import MessageRef, Post
from bot.ports.clock import Clock

PACE_SECONDS = 1.5
_REMEMBERED = 1_000

# Shows what the function returns when asked last, and returns that.
Show = Callable[[MessageRef, Callable[[], Post]], Awaitable[Post]]


class _Look(NamedTuple):
    """What a message looks like, to be compared: of its pictures, which are large, only digests."""

    post: Post
    pictures: tuple[bytes, ...]


def _look(post: Post) -> _Look:
    digests = (hashlib.sha256(image.png).digest() for image in post.images)
    return _Look(post.model_copy(update={"images": ()}), tuple(digests))


@dataclass
class _Living:
    """One message that is being kept up to date; `wanted` is set while it is busy."""

    wanted: Post | None = None
    shown: _Look | None = None
    next_at: float = 0.0
    busy: bool = False
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def newest(self) -> Post:
        """Return what the message should say."""
        if self.wanted is None:
            raise AssertionError("an edit was begun with nothing to show")
        return self.wanted


class PacedEdits:
    """Keeps messages up to date, each at most once in `PACE_SECONDS`."""

    def __init__(self, show: Show, clock: Clock) -> None:
        self._show = show
        self._clock = clock
        self._living: OrderedDict[int, _Living] = OrderedDict()

    def posted(self, ref: MessageRef, post: Post) -> None:
        """Note that a new message says this already."""
        self._living.setdefault(ref.message_id, _Living(shown=_look(post)))
        self._forget()

    def pictured(self, ref: MessageRef) -> bool:
        """Whether the message is known to show a picture."""
        living = self._living.get(ref.message_id)
        return bool(living and living.shown and living.shown.pictures)

    def want(self, ref: MessageRef, post: Post) -> bool:
        """Note what the message should say; `True` if somebody must now call `bring_up_to_date`."""
        living = self._living.setdefault(ref.message_id, _Living())
        self._living.move_to_end(ref.message_id)
        if not living.busy and living.shown == _look(post):
            return False
        living.wanted = post
        if living.busy:
            return False
        living.busy = True
        return True

    async def until_shown(self, ref: MessageRef) -> None:
        """Wait until the message says what was last wanted."""
        living = self._living.get(ref.message_id)
        if living is not None and living.busy:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            living.waiting.append(future)
            await future

    async def bring_up_to_date(self, ref: MessageRef) -> None:
        """Edit until the message says what is wanted, at the pace.

        Cancelled, it leaves those who wait waiting: they are being ended as well.
        """
        living = self._living[ref.message_id]
        try:
            while living.shown != _look(living.newest()):
                if (pause := living.next_at - self._clock.monotonic()) > 0:
                    await self._clock.sleep(pause)
                    continue  # what is wanted by now may be what is shown
                living.shown = _look(await self._show(ref, living.newest))
                living.next_at = self._clock.monotonic() + PACE_SECONDS
            living.wanted = None  # it may hold pictures
        finally:
            living.busy = False
        for future in living.waiting:
            if not future.done():
                future.set_result(None)
        living.waiting.clear()
        self._forget()

    def _forget(self) -> None:
        while len(self._living) > _REMEMBERED:
            oldest = next(iter(self._living.values()))
            if oldest.busy:
                return
            self._living.popitem(last=False)
