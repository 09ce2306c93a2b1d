"""Waits until this process leads: at once with SQLite, behind another process with PostgreSQL."""

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Protocol

import structlog

from bot.adapters.system_clock import SystemClock
from bot.app.state_stores import StateStores, format_process_name, require_driver
from bot.domain.errors import ConfigError
from bot.domain.gateway_session import GatewaySession
from bot.ports.leadership import Leadership
from bot.settings import Settings

LOST = 3
"""The exit code of a process that no longer leads."""

_log = structlog.stdlib.get_logger(__name__)


class SupervisedWait(Protocol):
    """The part of `Supervision` that a standby needs."""

    async def wait(self, seconds: float) -> bool:
        """Report to the supervisor and wait; return `False` if this process must end."""
        ...


class SoleLeadership:
    """Implements `Leadership` where the lock of the state folder lets in one process only."""

    fence = None
    write_fence = None
    session = None

    async def run_forever(self) -> None:
        """Wait until cancelled."""
        await asyncio.Event().wait()

    async def finish_succession(self) -> None:
        """Do nothing."""

    async def leave(self, session: GatewaySession | None, *, to_heir: bool) -> None:
        """Do nothing."""


class UnsupervisedWait:
    """Implements `SupervisedWait` for commands."""

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


async def wait_for_lead(
    settings: Settings,
    stack: AsyncExitStack,
    commit: str,
    supervised: SupervisedWait,
    *,
    standby: bool,
    lost: Callable[[], None] = end_at_once,
) -> Leadership | None:
    """Return the lead, held until the stack ends; `None` if this process must end.

    `commit` is that of the core code, or empty if it runs from the checkout. Raises `ConfigError`
    if another process leads and this is no `standby`, or if PostgreSQL cannot be used; and
    `StandbyOutdated`.
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
    from bot.app.candidate import LeadCandidate, PostgresLeadership

    leadership = PostgresLeadership(
        stores.place, format_process_name(settings.state), SystemClock(), lost
    )
    stack.push_async_callback(leadership.close)
    candidate = LeadCandidate(leadership, stores.place, commit, settings, standby=standby)
    return leadership if await candidate.wait(supervised) else None
