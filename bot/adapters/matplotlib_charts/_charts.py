"""`MatplotlibCharts`: draws each chart in a short-lived child, so the event loop never blocks.

Importing matplotlib takes a second and 60 MB, which the child returns at its end. If a chart's text
or numbers harm the drawing library, only the child is affected.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import structlog
from theseus_observe.redaction import redact

from bot.adapters.matplotlib_charts import _program
from bot.domain.charts import BarChart, TimeChart

_SECONDS = 60.0
_PASSED_ON = ("PATH", "HOME", "LD_LIBRARY_PATH", "SYSTEMROOT")
_PNG = b"\x89PNG"
_MOST_POINTS = 5_000  # of a line: more than six for each pixel of the width
_log = structlog.stdlib.get_logger(__name__)


class MatplotlibCharts:
    """Implements `bot.ports.charts.Charts`, one chart at a time.

    `cache` is the folder for matplotlib's list of fonts; `python` is the interpreter that has it.
    """

    def __init__(self, cache: Path, *, python: str | Path = sys.executable) -> None:
        self._cache = cache
        self._python = str(python)
        # One child at a time, because importing matplotlib takes a second and 60 MB.
        self._turn = asyncio.Lock()
        self._missing = False

    async def draw(self, chart: TimeChart | BarChart) -> bytes | None:
        """Return the PNG, or `None`, with a log message, if it cannot be drawn."""
        chart_json = json.dumps(_convert_chart(chart)).encode()
        async with self._turn:
            if self._missing:
                return None
            try:
                code, png, messages = await self._run(chart_json)
            except OSError as error:
                _log.warning("no chart was drawn: %s", error)
                return None
        if code == 0 and png.startswith(_PNG):
            if messages:
                _log.info("a chart was drawn, but: %s", messages[-500:])
            return png
        self._missing = code == _program.MISSING
        reason = (
            "matplotlib is not installed" if self._missing else messages[-500:] or f"exit {code}"
        )
        _log.warning("no chart was drawn: %s", reason)
        return None

    async def _run(self, chart: bytes) -> tuple[int | None, bytes, str]:
        """Return the child's exit code, picture and messages; the child has ended then."""
        self._cache.mkdir(parents=True, exist_ok=True)
        child = await asyncio.create_subprocess_exec(
            *(self._python, "-I", _program.__file__),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._build_environment(),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_SECONDS):
                png, messages = await child.communicate(chart)
        except TimeoutError:
            return None, b"", f"not done after {_SECONDS:g} s"
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        return child.returncode, png, messages.decode(errors="replace").strip()

    def _build_environment(self) -> Mapping[str, str]:
        """Return the variables that matplotlib needs, without secrets."""
        passed_on = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        return {**passed_on, "MPLCONFIGDIR": str(self._cache), "MPLBACKEND": "Agg"}


def _convert_chart(chart: TimeChart | BarChart) -> dict[str, object]:
    """Return a chart in the child's format, with times in seconds since 1970."""
    head: dict[str, object] = {"title": redact(chart.title), "unit": redact(chart.unit)}
    if isinstance(chart, BarChart):
        return head | {"bars": [[redact(bar.name), bar.value] for bar in chart.bars]}
    lines = [
        [redact(line.name), [[_to_seconds(p.at), p.value] for p in line.points[-_MOST_POINTS:]]]
        for line in chart.lines
    ]
    marks = [[_to_seconds(mark.at), redact(mark.text)] for mark in chart.marks]
    return head | {
        "lines": lines,
        "marks": marks,
        "threshold": chart.threshold,
        "shape": chart.shape,
    }


def _to_seconds(at: datetime) -> float:
    return at.timestamp()
