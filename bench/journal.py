"""Recording an action in the journal, against structlog writing the same line to a file.

The journal redacts every text, keeps one file a day, and updates an index; structlog here only
renders the same fields as JSON.
"""

import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from theseus_observe.redaction import redact

from bench.rows import Row, measure_pairs
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.system_clock import SystemClock
from bot.app.demo import find_project_root
from bot.domain.journal import ActionOutcome, Kind
from bot.telemetry import Recorder

PAIRS = 11
RECORDS = 1_000


async def measure() -> Sequence[Row]:
    """Return a row for a command that went well and one for a command that raised."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        well = await _measure_one(Path(folder), "command that went well", None)
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        return [well, await _measure_one(Path(folder), "command that raised", _make_error())]


async def _measure_one(folder: Path, name: str, error: Exception | None) -> Row:
    async with NdjsonJournal(folder, redact=redact) as journal:
        recorder = Recorder(
            journal, SystemClock(), find_project_root(), b"bench", lambda: "0" * 40, redact=redact
        )

        def record() -> None:
            recorder.record(
                Kind.COMMAND,
                "roll",
                ActionOutcome.OK if error is None else ActionOutcome.ERROR,
                duration_ms=12.5,
                guild_id=1234567890,
                channel_id=1234567891,
                user_id=1234567892,
                error=error,
                inputs={"dice": "2d6"},
            )

        record()
        fields = _read_fields(folder / "journal")
        with (folder / "structlog.ndjson").open("a", encoding="utf-8") as file:
            log = structlog.wrap_logger(
                structlog.WriteLogger(file),
                processors=[
                    structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
                    structlog.processors.JSONRenderer(),
                ],
                wrapper_class=structlog.BoundLogger,
            )

            async def measure_ours() -> float:
                start = time.perf_counter()
                for _ in range(RECORDS):
                    record()
                return (time.perf_counter() - start) / RECORDS

            async def measure_baseline() -> float:
                start = time.perf_counter()
                for _ in range(RECORDS):
                    log.info(**fields)
                return (time.perf_counter() - start) / RECORDS

            mine, theirs, ratio = await measure_pairs(measure_ours, measure_baseline, pairs=PAIRS)
    return Row(
        bench="journal", name=name, ours=mine, baseline=theirs,
        baseline_name="structlog, same line", ratio=ratio, pairs=PAIRS,
    )  # fmt: skip


def _read_fields(folder: Path) -> Mapping[str, Any]:
    """Return the fields of the only record there, but for the time, which structlog adds itself."""
    (file,) = folder.glob("*.ndjson")
    fields: dict[str, Any] = json.loads(file.read_text())
    del fields["ts"]
    return fields


def _make_error() -> Exception:
    try:
        _get_face(6, ["⚀", "⚁", "⚂", "⚃", "⚄"])
    except IndexError as error:
        return error
    raise AssertionError("there are not that many faces")


def _get_face(pips: int, faces: list[str]) -> str:
    return faces[pips - 1]
