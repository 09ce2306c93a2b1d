"""`theseus run`: the bot itself."""

import asyncio

from bot.app.bot import run_bot
from bot.redaction import redact
from bot.settings import settings_here
from bot.telemetry import configure_logging


def run() -> None:
    """Run the bot from the present folder, until SIGTERM or Ctrl-C."""
    configure_logging(redact=redact)
    asyncio.run(run_bot(settings_here()))
