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


class _Appearance(NamedTuple):
    """What a message looks like, to be compared: of its pictures, which are large, only digests."""

    post: Post
    pictures: tuple[bytes, ...]


def _look(post: Post) -> _Appearance:
    digests = (hashlib.sha256(image.png).digest() for image in post.images)
    return _Appearance(post.model_copy(update={"images": ()}), tuple(digests))


@dataclass
class _EditState:
    """One message that is being kept up to date; `wanted` is set while it is busy."""

    wanted: Post | None = None
    displayed: _Appearance | None = None
    next_at: float = 0.0
    busy: bool = False
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def get_wanted(self) -> Post:
        """Return what the message should say."""
        if self.wanted is None:
            raise AssertionError("an edit was begun with nothing to show")
        return self.wanted


class PacedEdits:
    """Keeps messages up to date, each at most once in `PACE_SECONDS`."""

    def __init__(self, show: Show, clock: Clock) -> None:
        self._show = show
        self._clock = clock
        self._states: OrderedDict[int, _EditState] = OrderedDict()

    def note_post(self, ref: MessageRef, post: Post) -> None:
        """Note that a new message says this already."""
        self._states.setdefault(ref.message_id, _EditState(displayed=_look(post)))
        self._forget()

    def has_picture(self, ref: MessageRef) -> bool:
        """Whether the message is known to show a picture."""
        living = self._states.get(ref.message_id)
        return bool(living and living.displayed and living.displayed.pictures)

    def request(self, ref: MessageRef, post: Post) -> bool:
        """Note what the message should say; `True` if somebody must now call `bring_up_to_date`."""
        living = self._states.setdefault(ref.message_id, _EditState())
        self._states.move_to_end(ref.message_id)
        if not living.busy and living.displayed == _look(post):
            return False
        living.wanted = post
        if living.busy:
            return False
        living.busy = True
        return True

    async def wait_until_displayed(self, ref: MessageRef) -> None:
        """Wait until the message says what was last wanted."""
        living = self._states.get(ref.message_id)
        if living is not None and living.busy:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            living.waiting.append(future)
            await future

    async def update(self, ref: MessageRef) -> None:
        """Edit until the message says what is wanted, at the pace.

        Cancelled, it leaves those who wait waiting: they are being ended as well.
        """
        living = self._states[ref.message_id]
        try:
            while living.displayed != _look(living.get_wanted()):
                if (pause := living.next_at - self._clock.get_monotonic_time()) > 0:
                    await self._clock.sleep(pause)
                    continue  # what is wanted by now may be what is shown
                living.displayed = _look(await self._show(ref, living.get_wanted))
                living.next_at = self._clock.get_monotonic_time() + PACE_SECONDS
            living.wanted = None  # it may hold pictures
        finally:
            living.busy = False
        for future in living.waiting:
            if not future.done():
                future.set_result(None)
        living.waiting.clear()
        self._forget()

    def _forget(self) -> None:
        while len(self._states) > _REMEMBERED:
            oldest = next(iter(self._states.values()))
            if oldest.busy:
                return
            self._states.popitem(last=False)
