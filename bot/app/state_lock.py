"""One process a state folder: two bots on one state would do everything twice."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.app.state_swap import finish
from bot.domain.errors import ConfigError


class StateLock:
    """The state folder's lock, held. The kernel lets go of it however the process ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let another process have the state; again is harmless."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def hold(state: Path) -> Iterator[StateLock]:
    """Hold the state folder's lock, until it is released or the block ends.

    What a restore that ended early left to be done is done first.

    Raises `ConfigError` when another process has it, or the folder cannot be written to.
    """
    file = state / "lock"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)  # people's words lie in there
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
            raise ConfigError(
                f"Another Theseus runs on {state} (it holds {file}). Stop it first, or set "
                "THESEUS_STATE to another folder."
            ) from error
        finish(state)
        yield lock
    finally:
        lock.release()
