"""Edits: paced for each message, the newest wins, identical ones are skipped."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.domain.posts import MessageRef, Post
from bot.ports.clock import Clock

PACE_SECONDS = 1.5
_REMEMBERED = 1_000

# Shows what the function returns when asked last, and returns that.
Show = Callable[[MessageRef, Callable[[], Post]], Awaitable[Post]]


@dataclass
class _Living:
    """One message that is being kept up to date."""

    wanted: Post
    shown: Post | None = None
    next_at: float = 0.0
    busy: bool = False
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


class PacedEdits:
    """Keeps messages up to date, each at most once in `PACE_SECONDS`."""

    def __init__(self, show: Show, clock: Clock) -> None:
        self._show = show
        self._clock = clock
        self._living: OrderedDict[int, _Living] = OrderedDict()

    def posted(self, ref: MessageRef, post: Post) -> None:
        """Note that a new message says this already."""
        self._living.setdefault(ref.message_id, _Living(post, shown=post))
        self._forget()

    def want(self, ref: MessageRef, post: Post) -> bool:
        """Note what the message should say; `True` if somebody must now call `bring_up_to_date`."""
        living = self._living.setdefault(ref.message_id, _Living(post))
        living.wanted = post
        self._living.move_to_end(ref.message_id)
        if living.busy or living.shown == post:
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
            while living.shown != living.wanted:
                if (pause := living.next_at - self._clock.monotonic()) > 0:
                    await self._clock.sleep(pause)
                    continue  # what is wanted by now may be what is shown
                living.shown = await self._show(ref, lambda: living.wanted)
                living.next_at = self._clock.monotonic() + PACE_SECONDS
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
