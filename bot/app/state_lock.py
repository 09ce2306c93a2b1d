"""One process a state folder: two bots on one state would do everything twice."""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

import structlog

from bot.app.state_swap import finish
from bot.domain.errors import ConfigError

_ENDING_SECONDS, _LOOK_SECONDS = 10.0, 0.2
_log = structlog.stdlib.get_logger(__name__)


class StateHeld(ConfigError):
    """Another process has the state folder, for now or for good."""


class Supervised(Protocol):
    """The part of `Supervision` that a process needs while it waits for the lock."""

    def say(self, kind: str, **said: Any) -> None:
        """Send a message to the supervisor, if there is one."""
        ...

    async def wait(self, seconds: float) -> bool:
        """Report to the supervisor and wait; return `False` if this process must end."""
        ...


class StateLock:
    """The state folder's lock, held. The kernel lets go of it however the process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Release the lock for another process; calling it again has no effect."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def hold(state: Path) -> Iterator[StateLock]:
    """Hold the state folder's lock, until it is released or the block ends.

    What a restore that ended early left to be done is done first.

    Raises `StateHeld` when another process has it, `ConfigError` when the folder cannot be written
    to.
    """
    file = state / "lock"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)  # it contains messages of people
        state.chmod(0o700)  # an existing folder may have wider permissions
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be opened ({error.strerror}). Set THESEUS_STATE to a folder Theseus "
            "may write to."
        ) from error
    lock = StateLock(descriptor)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateHeld(
                f"Another Theseus runs on {state} (it holds {file}). Stop it first, or set "
                "THESEUS_STATE to another folder."
            ) from error
        finish(state)
        yield lock
    finally:
        lock.release()


async def hold_when_free(
    state: Path, stack: AsyncExitStack, drain: float, supervision: Supervised
) -> StateLock | None:
    """Lock the state until the stack ends; wait if another process is about to release it.

    That process is a bot whose supervisor was killed, just before a service manager started this
    one. It needs up to `drain` seconds to finish its work.

    Returns `None` if this process must end too. Raises `StateHeld` if the other process does not
    release the lock in time, and the errors of `hold`.
    """
    now = asyncio.get_running_loop().time
    until, reported = now() + drain + _ENDING_SECONDS, False
    while True:
        try:
            return stack.enter_context(hold(state))
        except StateHeld:
            if now() >= until:
                supervision.say("held")
                raise
        if not reported:
            _log.warning(
                "another Theseus runs on %s: I wait %.0f s for its end", state, until - now()
            )
            reported = True
        if not await supervision.wait(_LOOK_SECONDS):
            return None
