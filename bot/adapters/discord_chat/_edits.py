"""Paces edits for each message; the newest content wins, and identical edits are skipped."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from bot.domain.posts import MessageRef, Post
from bot.ports.clock import Clock

PACE_SECONDS = 1.5  # below Discord's limit of about five edits in five seconds for a channel
_REMEMBERED = 1_000  # messages whose appearance is cached

# Shows the function's latest result in the message, and returns it.
Show = Callable[[MessageRef, Callable[[], Post]], Awaitable[Post]]


class _Appearance(NamedTuple):
    """The appearance of a message, for comparison; large pictures are replaced by digests."""

    post: Post
    pictures: tuple[bytes, ...]


def _look(post: Post) -> _Appearance:
    digests = (hashlib.sha256(image.png).digest() for image in post.images)
    return _Appearance(post.model_copy(update={"images": ()}), tuple(digests))


@dataclass
class _EditState:
    """The state of one message; `wanted` is set while it is being edited."""

    wanted: Post | None = None
    displayed: _Appearance | None = None
    next_at: float = 0.0
    busy: bool = False
    waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def get_wanted(self) -> Post:
        """Return the content that the message should have."""
        if self.wanted is None:
            raise AssertionError("an edit was started without content")
        return self.wanted


class PacedEdits:
    """Keeps messages up to date, each edited at most once in `PACE_SECONDS`."""

    def __init__(self, show: Show, clock: Clock) -> None:
        self._show = show
        self._clock = clock
        self._states: OrderedDict[int, _EditState] = OrderedDict()

    def note_post(self, ref: MessageRef, post: Post) -> None:
        """Record the content of a new message."""
        self._states.setdefault(ref.message_id, _EditState(displayed=_look(post)))
        self._forget()

    def has_picture(self, ref: MessageRef) -> bool:
        """Return whether the message is known to show a picture."""
        state = self._states.get(ref.message_id)
        return bool(state and state.displayed and state.displayed.pictures)

    def request(self, ref: MessageRef, post: Post) -> bool:
        """Record the wanted content; return true if the caller must now call `update`."""
        state = self._states.setdefault(ref.message_id, _EditState())
        self._states.move_to_end(ref.message_id)
        if not state.busy and state.displayed == _look(post):
            return False
        state.wanted = post
        if state.busy:
            return False
        state.busy = True
        return True

    async def wait_until_displayed(self, ref: MessageRef) -> None:
        """Wait until the message shows the latest wanted content."""
        state = self._states.get(ref.message_id)
        if state is not None and state.busy:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            state.waiting.append(future)
            await future

    async def update(self, ref: MessageRef) -> None:
        """Edit the message, at the pace, until it shows the wanted content.

        If this is cancelled, waiting callers are not woken up, because they are being cancelled
        too.
        """
        state = self._states[ref.message_id]
        try:
            while state.displayed != _look(state.get_wanted()):
                if (pause := state.next_at - self._clock.monotonic()) > 0:
                    await self._clock.sleep(pause)
                    continue  # the wanted content may have changed back meanwhile
                state.displayed = _look(await self._show(ref, state.get_wanted))
                # From the end of the edit: a slow one must not be followed at once by the next.
                state.next_at = self._clock.monotonic() + PACE_SECONDS
            state.wanted = None  # it may contain large pictures
        finally:
            state.busy = False
        for future in state.waiting:
            if not future.done():
                future.set_result(None)
        state.waiting.clear()
        self._forget()

    def _forget(self) -> None:
        while len(self._states) > _REMEMBERED:
            oldest = next(iter(self._states.values()))
            if oldest.busy:
                return
            self._states.popitem(last=False)
