"""Starts the supervisor: `python -m bot.supervisor --root DIR --records FILE --rules JSON`."""

import argparse
import asyncio
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot.supervisor.children import SupervisedBot
from bot.supervisor.rules import RestartRules
from bot.supervisor.supervisor import Supervisor

# `-P`: the core code comes from the folder of its commit, not from the folder it is started in.
_COMMAND = (sys.executable, "-P", "-m", "bot", "run")


def main() -> None:
    """Read the options, and supervise until the end."""
    options = argparse.ArgumentParser(prog="theseus run")
    options.add_argument("--root", type=Path, required=True)
    options.add_argument("--records", type=Path, required=True)
    options.add_argument("--rules", type=RestartRules.from_json, default=RestartRules())
    options.add_argument("command", nargs="*", default=_COMMAND)
    given = options.parse_args()
    bot = SupervisedBot(tuple(given.command), given.root, given.records, dict(os.environ))
    sys.exit(asyncio.run(_supervise(Supervisor(bot, given.rules, _say))))


async def _supervise(supervisor: Supervisor) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has SIGHUP
            loop.add_signal_handler(number, supervisor.stop)
    loop.add_signal_handler(signal.SIGUSR1, supervisor.stop_all)
    # The parent may have blocked the signal until there is a handler.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
    return await supervisor.run()


def _say(level: str, text: str) -> None:
    """Log a line as the bot does: as JSON, or as plain text on a terminal."""
    at = datetime.now(UTC).isoformat()
    if sys.stderr.isatty():
        line = f"{at} [{level}] supervisor: {text}"
    else:
        line = json.dumps({"event": text, "level": level, "logger": "supervisor", "ts": at})
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main()
