"""Whether older code can open the state that newer code has had in hand: read from the files."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from bot.supervisor.records import Handover

_BUSY_SECONDS = 2.0


def find_incompatibility(state: Path, handover: Handover) -> str:
    """Return why the code before a handover cannot open the state, with a remedy; only reads.

    Empty if it can, which means that it knows every migration of its databases. If an older bot did
    not report its migrations, or a file cannot be read, the planned migrations decide.
    """
    unknown: list[tuple[Path, str]] = []
    troubles: list[str] = []
    for name in handover.databases:
        try:
            unknown += [
                (state / name, each)
                for each in _read_migrations(state / name)
                if each not in handover.known
            ]
        except sqlite3.Error as error:
            troubles.append(f"{state / name} cannot be read: {error}")
    if unknown:
        return _describe_incompatibility(state, handover, unknown)
    if handover.migrates and (troubles or not handover.databases):
        listed = "; ".join(
            (f"its code migrates the state ({', '.join(handover.migrates)})", *troubles)
        )
        return f"{listed}. {_describe_rollback(state, handover)}"
    return ""


def _read_migrations(file: Path) -> Iterator[str]:
    if not file.is_file() or not file.stat().st_size:
        return
    address = f"{file.resolve().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as database:
        rows = database.execute("SELECT name FROM schema_migrations ORDER BY number")
        yield from (str(row[0]) for row in rows)


def _describe_incompatibility(
    state: Path, handover: Handover, unknown: list[tuple[Path, str]]
) -> str:
    listed = ", ".join(
        f"{file.relative_to(state)} has the migration {name}" for file, name in unknown
    )
    return (
        f"{listed}, which {handover.previous[:7]} does not know and cannot open. "
        f"{_describe_rollback(state, handover)}"
    )


def _describe_rollback(state: Path, handover: Handover) -> str:
    """Return what a person does who wants the old code back all the same."""
    backup = _find_backup(state, handover.at)
    named = f"`theseus restore {backup}`" if backup else "`theseus restore` of a backup from before"
    return (
        f"To go back all the same: stop the service, `git reset --keep {handover.previous[:12]}`, "
        f"{named} (`theseus backup list` shows them all), start it again; what was written since "
        "is lost then. Else push code that mends it"
    )


def _find_backup(state: Path, at: str) -> Path | None:
    """Return the newest backup in the state folder from before that moment (ISO 8601, UTC)."""
    stamp = "".join(each for each in at[:19] if each.isdigit())  # 20261121T033000Z by its digits
    if not stamp:
        return None
    made = {
        "".join(each for each in file.name.removeprefix("theseus-") if each.isdigit())[:14]: file
        for file in (state / "backups").glob("theseus-*.tar.gz")
    }
    before = [digits for digits in made if len(digits) == 14 and digits <= stamp]
    return made[max(before)] if before else None
