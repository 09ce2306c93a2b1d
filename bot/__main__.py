"""Starts the command line."""

# ruff: noqa: E402  signals can arrive during the imports, so they are handled before

import bot.infra.signals  # noqa: F401

# isort: split
import signal
import sys

_INTERRUPTED = signal.getsignal(signal.SIGINT)
if _INTERRUPTED is signal.default_int_handler:  # Ctrl-C during the imports prints no traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# isort: split
from bot.cli.main import import_command, main

import_command(sys.argv[1:])

if _INTERRUPTED is signal.default_int_handler:
    signal.signal(signal.SIGINT, _INTERRUPTED)

if __name__ == "__main__":
    main()
