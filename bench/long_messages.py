"""Recording a failure whose message has 4 MB, against one whose message has 2,000 characters.

The measured time is spent on the event loop: the record in the journal and the traceback in the
log.
"""

import base64
import io
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from theseus_observe.failures.tracebacks import TracebackWriter
from theseus_observe.redaction import redact

from bench.rows import Row, measure_pairs
from bot.adapters.ndjson_journal import NdjsonJournal
from bot.adapters.system_clock import SystemClock
from bot.app.demo import find_project_root
from bot.domain.journal import ActionOutcome, Kind
from bot.telemetry import Recorder
from bot.telemetry.logs import Redaction

PAIRS = 11
LONG, SHORT = 4_000_000, 2_000
_LINE = "row 17: expected a date of birth, found 'Ada', user@example.org\n"


def make_quoted_file(length: int) -> str:
    """Return lines in the style of a library that quotes a complete file."""
    return (_LINE * (length // len(_LINE) + 1))[:length]


def make_base64(length: int) -> str:
    """Return one run of base64, as of an upload that was refused: the costliest to look through."""
    made = random.Random(1).randbytes(length)  # noqa: S311  # data for a measurement
    return base64.b64encode(made).decode()[:length]


KINDS: dict[str, Callable[[int], Exception]] = {
    "lines": lambda length: ValueError(make_quoted_file(length)),
    "base64": lambda length: ValueError(make_base64(length)),
    "a key": lambda length: KeyError(make_quoted_file(length)),
    "two arguments": lambda length: ValueError(make_quoted_file(length).encode(), 1),
}


async def measure() -> Sequence[Row]:
    """Return a row for each kind of message."""
    with tempfile.TemporaryDirectory(prefix="theseus-bench-") as folder:
        async with NdjsonJournal(Path(folder), redact=redact) as journal:
            recorder = Recorder(
                journal,
                SystemClock(),
                find_project_root(),
                b"bench",
                lambda: "0" * 40,
                redact=redact,
            )
            return [await _measure_kind(recorder, kind) for kind in KINDS]


async def _measure_kind(recorder: Recorder, kind: str) -> Row:
    make = KINDS[kind]
    long, short = _raise_error(make(LONG)), _raise_error(make(SHORT))

    async def measure_long() -> float:
        return _time_record(recorder, long)

    async def measure_short() -> float:
        return _time_record(recorder, short)

    mine, theirs, ratio = await measure_pairs(measure_long, measure_short, pairs=PAIRS)
    return Row(
        bench="long-messages",
        name=f"4 MB message, {kind}",
        ours=mine,
        baseline=theirs,
        baseline_name="2,000 characters",
        ratio=ratio,
        pairs=PAIRS,
    )


def _time_record(recorder: Recorder, error: Exception) -> float:
    """Return the seconds that it takes to record an error and to log its traceback."""
    logger = structlog.wrap_logger(
        structlog.WriteLogger(io.StringIO()),
        processors=[
            TracebackWriter(redact),
            Redaction(redact),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.BoundLogger,
    )
    start = time.thread_time()
    recorder.record(Kind.COMMAND, "import", ActionOutcome.ERROR, error=error)
    logger.error("the command import raised", exc_info=error)
    return time.thread_time() - start


def _raise_error(error: Exception) -> Exception:
    try:
        _fail(error)
    except (ValueError, KeyError) as raised:
        return raised
    raise AssertionError("nothing was raised")


def _fail(error: Exception) -> None:
    raise error
