"""`theseus run` as a service manager starts it: a separate program, ended by SIGTERM."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_PATIENCE = 60.0


@asynccontextmanager
async def run_program(
    clone: Path, variables: dict[str, str], *options: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the bot of a clone with this environment, until its end is asked for and has come."""
    bot = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "run", *options, cwd=clone, env=variables,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield bot
    finally:
        if bot.returncode is None:
            bot.send_signal(signal.SIGTERM)
        await asyncio.wait_for(bot.wait(), _PATIENCE)
