"""Follow-ups to interactions, by which "thinking..." ends."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_MOST_TOKENS = 5_000


class InteractionFollowUps:
    """Remembers which interactions got more than their first response, by their tokens."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._watched: dict[str, Callable[[], object]] = {}

    def add(self, token: str) -> None:
        """Note a follow-up, or an edit of the first response."""
        self._seen[token] = None
        if len(self._seen) > _MOST_TOKENS:
            self._seen.popitem(last=False)
        if token in self._watched:
            self._watched[token]()

    def has(self, token: str) -> bool:
        """Return whether a follow-up with this token was sent."""
        return token in self._seen

    @contextmanager
    def watch(self, token: str, notify: Callable[[], object]) -> Iterator[None]:
        """Call `notify` at the next follow-up with that token, while the block runs."""
        if token:
            self._watched[token] = notify
        try:
            yield
        finally:
            self._watched.pop(token, None)


FOLLOW_UPS = InteractionFollowUps()
"""Of this process: discord.py sends follow-ups by an adapter that knows no client."""
