"""Time and memory of detection per record, against river's ADWIN and a plain counter.

Each sees the same stream in a separate process: of ten kinds of action, of a thousand, and of a
million that occur once each. river's equivalent is two ADWINs per kind, for failures and for
durations. river is no dependency of the project: `uv sync --group bench` installs it.
"""

import asyncio
import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.rows import Row
from bot.app.demo import find_project_root

SIZES = {10: 100_000, 1_000: 100_000, 1_000_000: 1_000_000}
# By its path: as a part of `bench` it would import everything else as well.
_CHILD = str(Path(__file__).with_name("_detection_child.py"))
_NAMES = {"adwin": "ADWIN a kind", "counter": "plain counter"}


class _Measured(NamedTuple):
    """Seconds of processor time a record, and megabytes at the end."""

    seconds: float
    megabytes: float


async def measure() -> Sequence[Row]:
    """Return rows of time and of memory for each number of kinds."""
    others = ["counter"]
    if importlib.util.find_spec("river"):
        others.insert(0, "adwin")
    rows = [
        row
        for kinds, records in SIZES.items()
        for row in await _measure_kinds(kinds, records, others)
    ]
    if "adwin" not in others:
        rows = [row.replace(name=f"{row.name}; river is not installed") for row in rows]
    return rows


async def _measure_kinds(kinds: int, records: int, others: Sequence[str]) -> list[Row]:
    ours = await _run_child("ours", kinds, records)
    rows = []
    for other in others:
        theirs = await _run_child(other, kinds, records)
        about = {"bench": "detection", "baseline_name": _NAMES[other]}
        name = f"{kinds:,} kinds"
        rows += [
            Row(
                name=f"{name}, a record", ours=ours.seconds, baseline=theirs.seconds,
                ratio=ours.seconds / max(theirs.seconds, 1e-9), **about,
            ),
            Row(
                name=f"{name}, memory", unit="MB", ours=ours.megabytes,
                baseline=theirs.megabytes, ratio=ours.megabytes / max(theirs.megabytes, 0.004),
                **about,
            ),
        ]  # fmt: skip
    return rows


async def _run_child(contender: str, kinds: int, records: int) -> _Measured:
    root = str(find_project_root())
    path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
    child = await asyncio.create_subprocess_exec(
        sys.executable, _CHILD, contender, str(kinds), str(records),
        env={**os.environ, "PYTHONPATH": path}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"{contender} with {kinds} kinds ended with {child.returncode}")
    return _Measured(**json.loads(output))
