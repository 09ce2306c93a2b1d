"""A month of journal, made quickly: day files of small records, one in twenty a failure."""

import json
import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.domain.errors import ConfigError

DAYS = 30
END = datetime(2026, 10, 31, tzinfo=UTC)
FAULTS = 200
BYTES = 170
"""Of a record, about."""

_FAILS_EVERY = 20
_COMMANDS = 50


def check_room(folder: Path, records: int, *, index: bool) -> None:
    """Raise `ConfigError` if the disk has no room for this many records and their index."""
    needed = records * BYTES * (4 if index else 2)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ConfigError(
            f"{folder}: {records:,} records need {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are "
            "free. Free some, or set TMPDIR to a larger disk."
        )


def write_month(folder: Path, records: int) -> None:
    """Write so many records into day files that end at END."""
    folder.mkdir(parents=True)
    chance = random.Random(1)  # noqa: S311  # the same journal every time
    a_day = records // DAYS
    for day in range(DAYS):
        date = END - timedelta(days=DAYS - day)
        lines = _iterate_lines(date.date().isoformat(), day * a_day, a_day, chance)
        (folder / f"{date.date()}.ndjson").write_text("".join(lines), encoding="ascii")


def _iterate_lines(date: str, first: int, count: int, chance: random.Random) -> Iterator[str]:
    failed = _build_failed_end()
    for number in range(count):
        micro = number * 86_400_000_000 // count
        second = micro // 1_000_000
        name = f"command{number * 7 % _COMMANDS}"
        end = "}\n" if number % _FAILS_EVERY else failed % (number // _FAILS_EVERY % FAULTS)
        outcome = "ok" if number % _FAILS_EVERY else "error"
        yield (
            f'{{"ts":"{date}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.'
            f'{micro % 1_000_000:06}Z","id":"{first + number:018x}{chance.getrandbits(32):08x}",'
            f'"event":"command.{name}","kind":"command","name":"{name}","outcome":"{outcome}",'
            f'"duration_ms":{number % 97}.5{end}'
        )


def _build_failed_end() -> str:
    """Return the end of a line that failed; `%` takes the number of its fault."""
    capsule = {
        "exception": "IndexError",
        "message": "list index out of range",
        "fingerprint": "fault%04d",
        "frames": [{"file": "cogs/dice.py", "line": 41, "function": "face"}],
    }
    return f',"error":{json.dumps(capsule)}}}\n'
