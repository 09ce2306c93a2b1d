"""Checks whether every database in the state folder can be opened."""

import asyncio
import contextlib
import sqlite3

from bot.app.state_stores import StateStores
from bot.domain.errors import ConfigError
from bot.domain.finding import DoctorFinding, report_bad, report_good, report_note
from bot.infra.schema_versions import DATABASES
from bot.infra.sqlite_copy import open_connection
from bot.settings import Settings


async def look_at_state(settings: Settings) -> list[DoctorFinding]:
    """Return a finding for each damaged database, for PostgreSQL, and for a standby without it."""
    return [*await asyncio.to_thread(_find_damaged, settings), *await _check_postgres(settings)]


async def _check_postgres(settings: Settings) -> list[DoctorFinding]:
    try:
        stores = StateStores.find(settings.state, settings.environment)
        if stores.place is None:
            return _check_standby(settings)
        await asyncio.to_thread(stores.check_server)
        found = [report_good("state", f"PostgreSQL: {stores.place.name}")]
        return [*found, *check_shared(settings, stores)]
    except ConfigError as error:
        return [report_bad("state", str(error), "Correct THESEUS_STATE_URL in .env.")]


def check_shared(settings: Settings, stores: StateStores) -> list[DoctorFinding]:
    """Return where the journal is, or that a standby elsewhere cannot read it."""
    if stores.anchor_folder != settings.state:
        return [report_good("state", f"the journal: {stores.journal_folder}, for all machines")]
    if not settings.config.availability.standby:
        return []
    return [
        report_note(
            "state",
            "the journal is on this machine alone: a standby elsewhere cannot read what happened",
            "Set THESEUS_SHARED in .env to a folder that both machines see (docs/standby.md).",
        )
    ]


def _check_standby(settings: Settings) -> list[DoctorFinding]:
    if not settings.config.availability.standby:
        return []
    return [
        report_note(
            "state",
            "availability.standby has no effect without PostgreSQL: a second process does not wait",
            "Set THESEUS_STATE_URL=postgresql://... in .env on both machines (docs/standby.md).",
        )
    ]


def _find_damaged(settings: Settings) -> list[DoctorFinding]:
    found = []
    for file in (settings.state / name for name in DATABASES):
        try:
            if file.exists():
                with contextlib.closing(open_connection(file)) as connection:
                    connection.execute("PRAGMA schema_version").fetchone()
        except sqlite3.Error as error:
            remedy = "Restore a backup: theseus restore FILE (theseus backup list)."
            found.append(report_bad("state", f"{file} cannot be read ({error})", remedy))
    return found
