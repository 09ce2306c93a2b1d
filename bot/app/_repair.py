"""`theseus repair`, with a real clock."""

from pathlib import Path

from bot.adapters.system_clock import SystemClock
from bot.repair import command
from bot.repair.report import RepairReport


async def repair(
    repo: Path, test: str, file: str | None, seconds: float, *, apply: bool
) -> RepairReport:
    """Search for a fix; see `bot.repair.command.repair`."""
    return await command.repair(
        repo, test, file=file, seconds=seconds, apply=apply, clock=SystemClock()
    )
