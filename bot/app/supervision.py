"""Exchanges messages with the supervisor. Without a supervisor, the methods have no effect."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from pydantic import ValidationError

from bot.adapters.supervised_restarter import SupervisedRestarter
from bot.adapters.unsupervised_restarter import UnsupervisedRestarter
from bot.app.schemas import KNOWN_MIGRATIONS
from bot.domain.gateway_session import GatewaySession
from bot.infra.supervisor_channel import ControlEnd, SupervisorChannel
from bot.ports.restarter import Restarter
from bot.supervisor.messages import HEARTBEAT_SECONDS, Message

_log = structlog.stdlib.get_logger(__name__)


Rehearse = Callable[[str], Awaitable[str]]
"""Plays a commit; returns what does not work in it, in words, empty where all does."""


@dataclass(frozen=True)
class Beginning:
    """How a process begins: with sessions it goes on with, after another one, with what news."""

    session: GatewaySession | None = None
    succeeds: bool = False
    news: Mapping[str, Any] = field(default_factory=dict)
    logins: Mapping[str, Any] | None = None  # sessions of the dashboard
    commit: str = ""  # the commit of the core code; empty if only the checkout knows it


class Supervision:
    """Turns orders of the supervisor into events that the running bot waits for."""

    def __init__(self, channel: SupervisorChannel | None = None) -> None:
        self.stop = asyncio.Event()
        self.freeze = asyncio.Event()
        self.retire = asyncio.Event()
        self.alone = asyncio.Event()
        """Set when no other process finishes what it began any more."""
        self.on_probation = False
        """Whether this code may still be rolled back."""
        self.restarter: Restarter = UnsupervisedRestarter()
        self.refused: asyncio.Queue[Mapping[str, Any]] = asyncio.Queue()
        """What the supervisor tells of hand-overs that came to nothing."""
        self._channel = channel
        self._asked: SupervisedRestarter | None = None
        self._wanted: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def begin(
        self, root: Path, prepare: Callable[[Path], None], *, has_files: bool = True
    ) -> Beginning | None:
        """Prepare this process, then wait for the first order; `None` if the process must end.

        `root` is the folder that the code runs from; `has_files` is false if the state is in
        PostgreSQL.
        """
        if self._channel is None:
            self.alone.set()
            return Beginning()
        prepare(root)
        self._channel.say("prepared")
        order = await self._channel.order()
        if order is None or order["type"] not in ("start", "take_over"):
            return None
        news = order.get("news") or {}
        bad = news.get("rolled_back_commits") or {}
        self.on_probation = news.get("on_probation") is True
        gone, ours = self._channel.closed.is_set, str(order.get("commit") or "HEAD")
        self._asked = SupervisedRestarter(
            root, self._wanted.put_nowait, gone, bad, running=ours, known=KNOWN_MIGRATIONS,
            has_files=has_files,
        )  # fmt: skip
        self.restarter = self._asked
        succeeds = "restarted" in news
        if not succeeds:
            self.alone.set()
        commit = str(order.get("commit") or "")
        return Beginning(
            _parse_session(order.get("session")), succeeds, news, order.get("logins"), commit
        )

    def say(self, kind: str, **said: Any) -> None:
        """Send a message to the supervisor, if there is one."""
        if self._channel is not None:
            self._channel.say(kind, **said)

    async def report(self, is_ready: Callable[[], bool]) -> None:
        """Give a sign of life now and then, for as long as the event loop turns."""
        while self._channel is not None:
            self.say("heartbeat", ready=is_ready())
            await asyncio.sleep(HEARTBEAT_SECONDS)

    async def wait(self, seconds: float) -> bool:
        """Report to the supervisor and wait; return `False` if this process must end."""
        self.say("waiting")
        if self._channel is None:
            await asyncio.sleep(seconds)
            return True
        try:
            async with asyncio.timeout(seconds):
                order = await self._channel.order()
        except TimeoutError:
            return True
        if order is not None:
            self._handle_order(order)
        return order is not None and not (self.stop.is_set() or self.retire.is_set())

    async def pass_on(self, rehearse: Rehearse, get_live: Callable[[], str]) -> None:
        """Rehearse each requested restart, and pass it on to the supervisor, until cancelled.

        A commit that fails the rehearsal is passed on too, with the reason: the supervisor records
        it and rolls the checkout back. `get_live` returns the commit that runs, with its cogs.
        """
        while True:
            wanted = await self._wanted.get()
            refused = await rehearse(wanted["commit"])
            self.say("restart", **wanted, live=get_live(), refused=refused)

    async def follow(self) -> None:
        """Take orders until the supervisor is gone, which asks for the end as well."""
        while self._channel is not None:
            order = await self._channel.order()
            if order is None:
                _log.warning("the supervisor is gone: stopping")
                self.stop.set()
                return
            self._handle_order(order)

    def _handle_order(self, order: Message) -> None:
        kind = order["type"]
        events = {
            "stop": self.stop,
            "freeze": self.freeze,
            "retire": self.retire,
            "predecessor_gone": self.alone,
        }
        if kind in events:
            events[kind].set()
        elif kind == "passed":
            self.on_probation = False
        elif kind == "stop_everything":
            signal.raise_signal(signal.SIGUSR1)
        elif kind == "not_handed_over":
            if self._asked is not None:
                self._asked.learn(order.get("rolled_back_commits") or {})
            self.refused.put_nowait(order)
        if order.get("at_once"):
            self.stop.set()


@asynccontextmanager
async def open_supervision(end: ControlEnd | None) -> AsyncIterator[Supervision]:
    """Talk to the supervisor at the other end, if there is one, for as long as this is entered."""
    if end is None:
        yield Supervision()
        return
    channel = await SupervisorChannel.open(end)
    try:
        yield Supervision(channel)
    finally:
        await channel.close()


def _parse_session(data: object) -> GatewaySession | None:
    if data is None:
        return None
    try:
        return GatewaySession.model_validate(data)
    except ValidationError as error:
        _log.warning("the session that was left cannot be read: %s", error)
        return None
