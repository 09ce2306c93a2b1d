"""`PostgresLeadership`: leads by a lock of PostgreSQL, and is fenced by the number of its epoch."""

from collections.abc import Callable
from typing import TypeVar

import psycopg
import structlog

from bot.domain.errors import StoreError
from bot.domain.gateway_session import GatewaySession
from bot.domain.leadership import Leader, LeadershipLost, SilenceWatch, WriteFence
from bot.domain.postgres_place import PostgresPlace
from bot.infra.database_thread import DatabaseThread
from bot.infra.postgres import describe_error
from bot.infra.postgres_leadership import FENCED, LeaderConnection, format_epoch_check
from bot.ports.clock import Clock

T = TypeVar("T")

BEAT_SECONDS = 1.0
HEIR_SECONDS = 10.0
"""How long others wait for the process to which the leader hands over."""

_log = structlog.stdlib.get_logger(__name__)


class PostgresLeadership:
    """Implements `Leadership` and `Fence` on one connection.

    `lost` is called when another process leads; it should end this process at once. `name` is this
    process's machine and state folder.
    """

    def __init__(
        self, place: PostgresPlace, name: str, clock: Clock, lost: Callable[[], None]
    ) -> None:
        self._place = place
        self._name = name
        self._clock = clock
        self._lost = lost
        self._thread = DatabaseThread(
            "leader", lambda: LeaderConnection.connect(place), LeaderConnection.close
        )
        self._own: Leader | None = None
        self._has_lock = False
        self._left = False
        self._heir_since: float | None = None

    @property
    def fence(self) -> "PostgresLeadership":
        """This object."""
        return self

    @property
    def epoch(self) -> int:
        """The number of this process's lead; 0 if it never led."""
        return self._own.epoch if self._own is not None else 0

    @property
    def session(self) -> GatewaySession | None:
        """The gateway session of the former leader."""
        return self._own.session if self._own is not None else None

    async def close(self) -> None:
        """Release the lock and disconnect."""
        await self._thread.close()

    # To lead

    async def read(self) -> Leader | None:
        """Return who leads or led last. Raises `StoreError`."""
        return await self._ask(LeaderConnection.read)

    async def take_lead(self, commit: str) -> bool:
        """Take the lead if it is free; return whether this process leads. Raises `StoreError`."""
        now = self._clock.monotonic()

        def try_once(connection: LeaderConnection) -> Leader | None:
            if not connection.try_lock():
                self._heir_since = None
                return None
            last = connection.read()
            if last is not None and last.heir not in ("", self._name):
                if self._heir_since is None:
                    self._heir_since = now
                if now - self._heir_since < HEIR_SECONDS:
                    connection.release_lock()
                    return None
            return connection.take_lead(self._name, commit)

        self._own = await self._ask(try_once)
        self._has_lock = self._own is not None
        return self._has_lock

    async def end_silent(self, leader: Leader, watch: SilenceWatch) -> bool:
        """End the lock of a leader that is silent; return whether it was. Raises `StoreError`."""
        if not watch.is_silent(leader, self._clock.monotonic()):
            return False
        return await self._ask(lambda each: each.end_silent(leader))

    # The port

    async def check(self) -> None:
        """Return if this process may send; see the port."""
        self._require(await self._ask(lambda each: each.has_epoch(self.epoch, or_retires=True)))

    async def check_lead(self) -> None:
        """Return if this process leads; see the port."""
        self._require(await self._ask(lambda each: each.has_epoch(self.epoch)))

    async def claim(self, session: GatewaySession) -> None:
        """Record the number of an event before it is handled; see the port."""
        self._require(await self._ask(lambda each: each.save_session(self.epoch, session)))

    async def run_forever(self) -> None:
        """Show that the leader works, and take the lock again if the server was restarted."""
        while not self._left:
            try:
                self._require(await self._ask(self._record_beat))
            except StoreError as error:
                # It does not know whether it leads, so the fence lets it do nothing.
                _log.warning("the leader cannot reach the database: %s", error)
            await self._clock.sleep(BEAT_SECONDS)

    async def finish_succession(self) -> None:
        """Let the predecessor act no more."""
        self._require(await self._ask(lambda each: each.end_retirement(self.epoch)))

    async def leave(self, session: GatewaySession | None, *, to_heir: bool) -> None:
        """Leave the session to the next leader; see the port."""
        if self._left:
            return
        self._left = True

        def give_up(connection: LeaderConnection) -> None:
            if session is None:
                connection.forget_session(self.epoch)
            else:
                connection.save_session(self.epoch, session)
            if to_heir:
                connection.name_heir(self.epoch, self._name)
                connection.release_lock()

        try:
            await self._ask(give_up)
        except StoreError as error:
            _log.warning("the lead is not handed over: %s", error)

    # How it is done

    @property
    def write_fence(self) -> WriteFence:
        """What refuses the transactions of this process once another one leads."""
        statement = format_epoch_check(self._place.schema, self.epoch)
        return WriteFence(statement, FENCED, self._lost)

    def _record_beat(self, connection: LeaderConnection) -> bool:
        if not self._has_lock and not self._left:
            self._has_lock = connection.try_lock()
        return self._left or connection.record_beat(self.epoch)

    def _require(self, leads: bool) -> None:
        if not leads:
            self._lost()
            raise LeadershipLost(
                "Another process leads now. This one was too slow, or cut off, and must not act."
            )

    async def _ask(self, work: Callable[[LeaderConnection], T]) -> T:
        def run(connection: LeaderConnection) -> T:
            try:
                return work(connection)
            finally:
                if connection.is_broken:
                    self._has_lock = False
                    self._thread.drop()

        try:
            try:
                return await self._thread.run(run)
            except psycopg.OperationalError:
                # Often the server was restarted since the last question. Each one may be repeated.
                return await self._thread.run(run)
        except psycopg.Error as error:
            raise StoreError(
                f"{self._place.name} does not say who leads: {describe_error(error)}.",
                detail=type(error).__name__,
            ) from error
