"""Reports missing state, so that commands which only read do not create it."""

import sys
from pathlib import Path

from theseus_observe.redaction import redact


def report_if_missing(path: Path | None, what: str) -> bool:
    """Return whether `path` does not exist, and report that on standard error.

    Opening an adapter creates its files and keys, so a command that only reads asks this first.
    A list is then empty (exit code 0); what should be verified or copied is missing (1).
    Without a path nothing is missing.
    """
    if path is None or path.exists():
        return False
    problem = f"There is no {what} yet: {path} does not exist."
    remedy = "Run this in the bot's folder, or set THESEUS_STATE to its state folder."
    sys.stderr.write(redact(f"theseus: {problem} {remedy}\n"))
    return True
