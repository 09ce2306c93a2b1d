"""Whether a run outlives a fault at any point: `python -m bench reliability`.

The points are not listed: see tests/support/reliability.
"""

import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bench import _paths as _paths
from tests.support.reliability.harness import Reliability, Trial
from tests.support.reliability.points import (
    KILLS,
    Strike,
    build_points,
    choose_points,
)
from tests.support.reliability.stories import STORIES

ERRORS = tuple(strike for strike in Strike if strike not in KILLS)


async def try_points(
    kind: str, cast: str, strikes: Sequence[Strike], most: int | None, part: str = ""
) -> AsyncIterator[Trial]:
    """Record a kind of run, and yield a trial for each chosen point whose name has `part` in it."""
    folder, harness = Path(tempfile.mkdtemp(prefix="theseus-reliability-")), Reliability(kind, cast)
    effects, outcome = await harness.record(folder / "whole")
    every = [each for each in build_points(effects, strikes) if part in str(each)]
    chosen = choose_points(every, most)
    sys.stdout.write(
        f"{kind}, {cast}: {len(effects)} effects of {len(set(effects))} kinds,"
        f" {len(every)} points, {len(chosen)} tried; what fails stays in {folder}\n"
    )
    sys.stdout.flush()
    shutil.rmtree(folder / "whole", ignore_errors=True)
    for number, point in enumerate(chosen):
        home = folder / str(number)
        trial = await harness.try_points([point], outcome, home)
        if not trial.problem:
            shutil.rmtree(home, ignore_errors=True)
        yield trial


async def write_trials(
    kinds: Sequence[str],
    casts: Sequence[str],
    strikes: Sequence[Strike],
    most: int | None,
    part: str = "",
) -> int:
    """Write a line for each trial and a summary; return how many have failed."""
    trials: list[Trial] = []
    for kind in kinds:
        for cast in filter(STORIES[kind].casts.__contains__, casts):
            async for trial in try_points(kind, cast, strikes, most, part):
                trials.append(trial)
                sys.stdout.write(format_trial(trial) + "\n")
                sys.stdout.flush()
    failed = sum(bool(trial.problem) for trial in trials)
    waits = [each.account_seconds for each in trials if each.account_seconds is not None]
    late = f"; accounted for after {max(waits):.1f} s at most" if waits else ""
    missed = sum(not trial.has_struck for trial in trials)
    sys.stdout.write(f"{len(trials)} points, {missed} not met, {failed} failed{late}\n")
    return failed


def format_trial(trial: Trial) -> str:
    """Return a trial as one line."""
    found = "FAILED" if trial.problem else "ok" if trial.has_struck else "not met"
    account = "" if trial.account_seconds is None else f" {trial.account_seconds:5.1f} s"
    points = ", then ".join(map(str, trial.points))
    problem = f"\n    {trial.problem}" if trial.problem else ""
    return f"{found:8}{trial.seconds:6.1f} s{account:8}  {points}{problem}"
