"""`theseus bench`: the benchmarks live beside the program, in `bench/`."""

import importlib
import sys
from collections.abc import Sequence
from typing import Any

from bot.app._demo import project_root


async def run_bench(only: str | None) -> Sequence[Any]:
    """Run the benchmarks (or the one named `only`); return their rows. Raises `ConfigError`."""
    root = str(project_root())
    if root not in sys.path:
        sys.path.insert(0, root)
    rows: Sequence[Any] = await importlib.import_module("bench").run(only)
    return rows
