"""Fuzzing, guided by coverage: how the parsers of `tests/fuzz` take so many strange inputs.

Each class runs in a process of its own. It needs atheris: `uv sync --group fuzz --inexact`.
"""

import asyncio
import importlib.util
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.domain.errors import ConfigError
from tests.fuzz.classes import CLASSES

CASES = 100_000
HEAD = (
    "| class | cases | lines reached | slowest case | memory | took | findings |",
    "|---|---|---|---|---|---|---|",
)
_COVERED = re.compile(r"cov: (\d+)")
_OUTPUT = 20_000  # characters of libFuzzer's output that are kept
_ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class FuzzReport:
    """What the cases of one class have shown: a row of the table, and each finding in full."""

    row: str
    findings: tuple[str, ...] = ()


async def measure_classes(
    names: Sequence[str], cases: int, seconds: float
) -> AsyncIterator[FuzzReport]:
    """Run so many cases of each class, each for so long at most.

    Raises `ConfigError` for an unknown class.
    """
    unknown = sorted(set(names) - CLASSES.keys())
    if unknown:
        raise ConfigError(f"--class {unknown[0]}: known are {', '.join(CLASSES)}.")
    if importlib.util.find_spec("atheris") is None:
        raise ConfigError("Fuzzing needs atheris: uv sync --group fuzz --inexact")
    for name in names or CLASSES:
        yield await _measure_class(name, cases, seconds)


async def _measure_class(name: str, cases: int, seconds: float) -> FuzzReport:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "verdict.json"
        began = time.monotonic()
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.fuzz.child", name, str(cases), str(seconds),
            str(place), cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert child.stderr is not None
        output = ""
        covered = 0
        while piece := await child.stderr.read(65_536):
            output = (output + piece.decode(errors="replace"))[-_OUTPUT:]
            covered = max([covered, *map(int, _COVERED.findall(output))])
        await child.wait()
        took = time.monotonic() - began
        if not place.is_file():  # libFuzzer has ended the process: out of memory, or a crash
            return FuzzReport(
                f"| {name} | | | | | {took:.0f} s | the process ended |", (output[-2_000:],)
            )
        return build_report(name, json.loads(place.read_text()), covered, took)


def build_report(name: str, verdict: dict[str, Any], coverage: int, seconds: float) -> FuzzReport:
    """Return the report of a verdict (see `tests.fuzz.child`)."""
    findings = [
        f"{name}: {each['error']} at {each['place']}\n{each['trace']}\ncase: {each['case']}"
        for each in verdict["findings"]
    ]
    before, after = verdict["blocks"]
    growth = f"{(after - before) / max(1, before):+.1%}, at most {verdict['peak_mb']:.0f} MB"
    if verdict["is_growing"]:
        findings.append(f"{name}: memory grows, from {before:,} to {after:,} blocks")
    slowest = f"{verdict['slowest'] * 1_000:.0f} ms"
    return FuzzReport(
        f"| {name} | {verdict['cases']:,} | {coverage:,} | {slowest} | {growth} "
        f"| {seconds:.0f} s | {len(findings)} |",
        tuple(findings),
    )
