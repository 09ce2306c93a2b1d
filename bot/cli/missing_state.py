"""Looking at what a bot keeps must not make it: where nothing is kept, that is said, and where."""

import sys
from pathlib import Path

from bot.redaction import redact


def report_if_missing(path: Path, what: str) -> bool:
    """Return whether `path` does not exist, and report that on standard error.

    Opening an adapter creates its files and keys, so a command that only reads asks this first.
    A list is then empty (exit code 0); what should be verified or copied is missing (1).
    """
    if path.exists():
        return False
    told = f"There is no {what} yet: {path} does not exist."
    way_out = "Run this in the bot's folder, or set THESEUS_STATE to its state folder."
    sys.stderr.write(redact(f"theseus: {told} {way_out}\n"))
    return True
