"""Waits behind the process that leads, and takes over. Needs the driver of PostgreSQL."""

import asyncio

import structlog
from theseus_guard.completion import run_in_thread

from bot.adapters.postgres_leadership import PostgresLeadership
from bot.app.leadership import SupervisedWait
from bot.domain.errors import ConfigError, StoreError, TheseusError
from bot.domain.leadership import SilenceWatch
from bot.domain.postgres_place import PostgresPlace
from bot.infra.git import Git
from bot.settings import Settings

__all__ = ["LeadCandidate", "PostgresLeadership"]

WAIT_SECONDS = 10.0
"""How long a process that is no standby waits for the end of another."""

_LOOK_SECONDS = 0.1
_LOOKS_PER_HEAD = 50
_log = structlog.stdlib.get_logger(__name__)


class StandbyOutdated(TheseusError):
    """The code on disk is not what this standby has loaded."""

    code = "standby_outdated"


class LeadCandidate:
    """A process that would lead."""

    def __init__(
        self,
        leadership: PostgresLeadership,
        place: PostgresPlace,
        commit: str,
        settings: Settings,
        *,
        standby: bool,
    ) -> None:
        self._leadership = leadership
        self._place = place
        self._root = settings.root
        self._commit = commit
        self._standby = standby
        self._silence = SilenceWatch(settings.config.availability.silent_seconds)
        self._last_text: str | None = None
        self._head = ""
        self._looks = 0

    async def wait(self, supervised: SupervisedWait) -> bool:
        """Wait until this process leads; return `False` if it must end before."""
        until = asyncio.get_running_loop().time() + WAIT_SECONDS
        self._head = await self._read_head()
        while not await self._try_once():
            if not self._standby and asyncio.get_running_loop().time() >= until:
                raise ConfigError(
                    f"Another Theseus uses the state in {self._place.name}. Stop it first, or name "
                    "another database in THESEUS_STATE_URL; with availability.standby this process "
                    "waits and takes over."
                )
            if not await supervised.wait(_LOOK_SECONDS):
                return False
        return True

    async def _try_once(self) -> bool:
        try:
            if await self._leadership.take_lead(self._own_commit):
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
        """Say whom this standby follows, and end the lead of a process that does nothing.

        Raises `StandbyOutdated`.
        """
        self._looks += 1
        if self._looks % _LOOKS_PER_HEAD == 0 and await self._read_head() != self._head:
            raise StandbyOutdated(
                f"{self._root} has another commit than when this standby loaded its code, so it "
                "ends. Its service manager starts it again, with the new code."
            )
        leader = await self._leadership.read()
        if leader is None:
            return
        if await self._leadership.end_silent(leader, self._silence):
            _log.warning("%s leads and is silent: its lock was taken away", leader.place)
            return
        if leader.commit and leader.commit != self._own_commit:
            self._say(
                f"standing by for {leader.place}, which runs {leader.commit[:12]}: I run "
                f"{self._own_commit[:12]}, and would lead with it"
            )
        else:
            self._say(f"standing by for {leader.place}, at the same commit")

    @property
    def _own_commit(self) -> str:
        return self._commit or self._head

    async def _read_head(self) -> str:
        return await run_in_thread(Git(self._root).find_revision, "HEAD") or ""

    def _say(self, text: str) -> None:
        if text != self._last_text:
            _log.warning("%s", text)
            self._last_text = text
