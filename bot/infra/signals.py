"""Blocks SIGUSR1, the signal for the emergency stop, until there is a handler for it.

By default the signal ends the process, and the request for a stop would be lost. So it is blocked
before large imports, and the kernel delivers it when the handler unblocks it.
"""

import signal

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})

# isort: split
from collections.abc import Callable  # noqa: E402


def list_ending_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that ask for an orderly end: not SIGHUP where nohup has it ignored."""
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return (signal.SIGTERM, signal.SIGINT)
    return (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def listen_for_stop(stop: Callable[[], None]) -> None:
    """Call `stop` in the running loop on every SIGUSR1, also one that came before."""
    import asyncio  # takes a tenth of a second, which `theseus --help` has no use for

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, stop)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
