"""Waits until this process leads: at once with SQLite, behind another process with PostgreSQL."""

import asyncio
import os
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import structlog

from bot.adapters.system_clock import SystemClock
from bot.app.state_stores import StateStores, require_driver
from bot.domain.errors import ConfigError, StoreError
from bot.domain.gateway_session import GatewaySession
from bot.domain.leadership import SilenceWatch
from bot.domain.postgres_place import PostgresPlace
from bot.infra.git import Git
from bot.infra.threads import run_in_thread
from bot.ports.leadership import Leadership
from bot.settings import Settings

if TYPE_CHECKING:  # the driver may not be installed
    from bot.adapters.postgres_leadership import PostgresLeadership
    from bot.infra.postgres import WriteFence

LOST = 3
"""The exit code of a process that no longer leads."""

WAIT_SECONDS = 10.0
"""How long a process that is no standby waits for the end of another."""

_LOOK_SECONDS = 0.1
_log = structlog.stdlib.get_logger(__name__)


class SoleLeadership:
    """Implements `Leadership` where the lock of the state folder lets in one process only."""

    fence = None
    session = None

    async def run_forever(self) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()

    async def finish_succession(self) -> None:
        """Do nothing."""

    async def leave(self, session: GatewaySession | None, *, to_heir: bool) -> None:
        """Do nothing."""


class Waiting(Protocol):
    """The part of `Supervision` that a standby needs."""

    async def wait(self, seconds: float) -> bool:
        """Report to the supervisor and wait; return `False` if this process must end."""
        ...


class Patience:
    """Implements `Waiting` for commands, which have no supervisor."""

    async def wait(self, seconds: float) -> bool:
        """Wait."""
        await asyncio.sleep(seconds)
        return True


def end_at_once() -> None:
    """End this process as `kill -9` does: nothing of it may act any more.

    An orderly end would close the gateway session, which belongs to the new leader now.
    """
    _log.critical("another process leads now: this one ends at once")
    os._exit(LOST)


async def lead_when_free(
    settings: Settings,
    stack: AsyncExitStack,
    commit: str,
    waiting: Waiting,
    *,
    standby: bool,
    lost: Callable[[], None] = end_at_once,
) -> Leadership | None:
    """Return the lead, held until the stack ends; `None` if this process must end.

    Raises `ConfigError` if another process leads and this is no `standby`, or if PostgreSQL cannot
    be used.
    """
    stores = StateStores.find(settings.state, settings.environment)
    if stores.place is None:
        return SoleLeadership()
    require_driver()
    shared = settings.environment.theseus_shared
    if shared is not None and not shared.is_dir():
        raise ConfigError(
            f"THESEUS_SHARED: {shared} is no folder. Mount it, or create it once for all machines."
        )
    from bot.adapters.postgres_leadership import PostgresLeadership

    leadership = PostgresLeadership(stores.place, _get_name(settings), SystemClock(), lost)
    stack.push_async_callback(leadership.close)
    candidate = _Candidate(leadership, stores.place, commit, settings, standby=standby)
    return leadership if await candidate.wait(waiting) else None


class _Candidate:
    """A process that would lead."""

    def __init__(
        self,
        leadership: "PostgresLeadership",
        place: PostgresPlace,
        commit: str,
        settings: Settings,
        *,
        standby: bool,
    ) -> None:
        self._leadership = leadership
        self._place = place
        self._commit = commit
        self._standby = standby
        self._silence = SilenceWatch(settings.config.availability.silent_seconds)
        self._told: str | None = None

    async def wait(self, waiting: Waiting) -> bool:
        """Wait until this process leads; return `False` if it must end before."""
        until = asyncio.get_running_loop().time() + WAIT_SECONDS
        while not await self._try_once():
            if not self._standby and asyncio.get_running_loop().time() >= until:
                raise ConfigError(
                    f"Another Theseus uses the state in {self._place.name}. Stop it first, or name "
                    "another database in THESEUS_STATE_URL; with availability.standby this process "
                    "waits and takes over."
                )
            if not await waiting.wait(_LOOK_SECONDS):
                return False
        return True

    async def _try_once(self) -> bool:
        try:
            if await self._leadership.try_lead(self._commit):
                _log.info("this process leads now, epoch %s", self._leadership.epoch)
                return True
            if self._standby:
                await self._follow()
        except StoreError as error:
            if not self._standby:
                raise ConfigError(str(error)) from error
            self._say(f"this standby cannot see who leads: {error}")
        return False

    async def _follow(self) -> None:
        """Say whom this standby follows, and end the lead of a process that does nothing."""
        ended = await self._leadership.end_silent(self._silence)
        if ended is not None:
            _log.warning("%s leads and is silent: its lock was taken away", ended.place)
            return
        leader = await self._leadership.read()
        if leader is None:
            return
        if leader.commit and self._commit and leader.commit != self._commit:
            self._say(
                f"standing by for {leader.place}, which runs {leader.commit[:12]}: I run "
                f"{self._commit[:12]}, and would lead with it"
            )
        else:
            self._say(f"standing by for {leader.place}, at the same commit")

    def _say(self, text: str) -> None:
        if text != self._told:
            _log.warning("%s", text)
            self._told = text


def build_write_fence(leadership: Leadership) -> "WriteFence | None":
    """Return what lets only this leader write to PostgreSQL; `None` with SQLite."""
    if leadership.fence is None:
        return None
    from bot.adapters.postgres_leadership import PostgresLeadership

    if not isinstance(leadership, PostgresLeadership):
        raise TypeError(f"{leadership!r} has no epoch")
    return leadership.build_write_fence()


async def read_head(root: Path) -> str:
    """Return the commit of a checkout; empty if it has none."""
    return await run_in_thread(Git(root).find_revision, "HEAD") or ""


def _get_name(settings: Settings) -> str:
    """Return the machine and the state folder, which tell processes apart."""
    return f"{socket.gethostname()}:{settings.state.resolve()}"
