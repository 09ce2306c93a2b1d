"""Observers of the traffic on the wire.

The demo has none. The observer of the tests checks both sides against Discord's published API
description, in every test that runs a local Discord.
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
    """Receives a copy of the traffic after it was exchanged; must not change it."""

    def on_exchange(self, exchange: ObservedRequest) -> None:
        """Receive a REST request and its answer."""
        ...

    def on_dispatch(self, event: str, payload: Mapping[str, Any]) -> None:
        """Receive a gateway event as it was sent to one session."""
        ...


OBSERVERS: list[Observer] = []
