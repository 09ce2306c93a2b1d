"""Who else hears what goes over the wire.

Nobody does in the demo. The tests' observer holds both sides to Discord's published description,
whichever test it is that runs a local Discord.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class ObservedRequest:
    """One REST request and its answer. `path` begins after `/api/v10` and keeps its quoting."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Any
    files: int
    status: int
    answer: Any


class Observer(Protocol):
    """Is told of what was exchanged, after it was; must not change it."""

    def on_exchange(self, exchange: ObservedRequest) -> None:
        """Hear of a REST request and what it was answered."""
        ...

    def on_dispatch(self, event: str, payload: Mapping[str, Any]) -> None:
        """Hear of a gateway event, as one session was sent it."""
        ...


OBSERVERS: list[Observer] = []
