"""`foreign_main CONTROL START...`: runs any discord.py bot by its own start, for one script.

It runs in the bot's own Python, with discord.py and this folder alone: Python 3.10 or newer.
"""

import os
import sys

from .script_time import ScriptTime
from .seeds import Seeds


def main() -> None:
    """Replace time and randomness, before any import that copies them, and run the bot."""
    control, *start = sys.argv[1:]
    time, seeds = ScriptTime(), Seeds()
    time.install()
    seeds.install()

    from .foreign_bot import ForeignBot
    from .foreign_database import install
    from .lines import LineSocket

    socket, _, database = os.environ.pop("REHEARSAL_DATABASE", "").rpartition(":")
    if socket:
        install(socket, database)
    ForeignBot(LineSocket(control), start, time, seeds, own_socket=socket).run()
