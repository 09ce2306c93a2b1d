"""Checks the supply chain quickly; `theseus dependencies` also checks every installed file."""

import asyncio
from functools import partial

from bot.cli.supply_chain import examine_dependencies
from bot.domain.errors import ConfigError
from bot.domain.finding import DoctorFinding, report_bad, report_good
from bot.settings import Settings


async def look_at_dependencies(settings: Settings) -> list[DoctorFinding]:
    """Compare the lock, the project and the installed packages; empty without a lock."""
    if not (settings.root / "uv.lock").is_file():
        return []
    remedy = "`theseus dependencies` lists all flaws, each with a remedy."
    try:
        examined = await asyncio.to_thread(
            partial(examine_dependencies, settings.root, files=False)
        )
    except ConfigError as error:
        return [report_bad("dependencies", str(error), remedy)]
    if not examined.flaws:
        return [report_good("dependencies", examined.line)]
    first, more = examined.flaws[0], len(examined.flaws) - 1
    message = f"{first.package}: {first.message}{f' And {more} more.' if more else ''}"
    return [report_bad("dependencies", message, remedy)]
