"""The end of a process whose event loop has ended: it comes soon, whatever threads are left."""

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from typing import Any

import structlog

END_SECONDS = 5.0
_CRASHED = 1
_log = structlog.stdlib.get_logger(__name__)


class LoopEnded(RuntimeError):
    """Raised if code in the event loop ended the loop, and so the program."""


def run_until_end(main: Coroutine[Any, Any, None], *, seconds: float = END_SECONDS) -> None:
    """Run a coroutine like `asyncio.run`, and end the process soon after its event loop.

    Threads of libraries may wait for a loop that has ended, and Python waits for threads at exit.
    Without a time limit, the process would hang until someone kills it.

    Raises `LoopEnded` if a callback raised `SystemExit`: its exit code says nothing about the bot,
    and with code 0 the supervisor would not restart it.
    """
    with asyncio.Runner() as runner:
        code = _CRASHED
        try:
            runner.run(main)
            code = 0
        except SystemExit as error:
            ended = LoopEnded(f"A callback ended the event loop: SystemExit({error.code!r}).")
            # Now, as the end of what is still under way may not return.
            _log.critical("%s", ended, exc_info=error)
            raise ended from error
        finally:
            threading.Thread(
                target=_exit_after, args=(code, seconds), name="end", daemon=True
            ).start()


def _exit_after(code: int, seconds: float) -> None:
    threading.Event().wait(seconds)
    left = [each.name for each in threading.enumerate() if not each.daemon]
    sys.stderr.write(
        f"The process did not end within {seconds:g} s after its event loop and is ended now. "
        f"Threads that were left: {', '.join(left)}.\n"
    )
    sys.stderr.flush()
    os._exit(code)
