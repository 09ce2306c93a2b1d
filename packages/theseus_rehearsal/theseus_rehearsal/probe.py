"""What is measured of a run from outside, in addition to what people see."""

import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from theseus_rehearsal.own_time import OwnTime

_CLOCK_OF_PROCESS = 2  # Linux: CPUCLOCK_SCHED, in the three lowest bits of a clock's number


class StepCost(NamedTuple):
    """The duration of one step.

    `seconds` is elapsed time without waiting for a processor, `waited` what a person waits in the
    script's time because the bot sleeps, and `cpu` the bot's processor time; `None` if unknown.
    """

    seconds: float
    waited: float
    cpu: float | None


@dataclass
class RunProbe:
    """Filled while a script runs, on request.

    `costs` has an entry for each step. `lines` are the lines that ran of the tree's `files`; the
    tested code reports them, so they are no proof of anything. With `traces_steps`, a bot with its
    own start reports the lines of each step, which costs time: see `PlayedStep.lines`.
    """

    files: Collection[str] = ()
    traces_steps: bool = False
    costs: list[StepCost] = field(default_factory=list)
    lines: dict[str, set[int]] = field(default_factory=dict)


def read_cpu_seconds(pid: int) -> float | None:
    """Return the processor time of a process with its threads; `None` where that is unknown."""
    if not pid or not sys.platform.startswith("linux"):
        return None
    try:
        return time.clock_gettime((~pid << 3) | _CLOCK_OF_PROCESS)
    except (OSError, OverflowError):
        return None


@contextmanager
def measure_step(
    probe: RunProbe | None,
    *,
    bot: Callable[[], int],
    pids: Callable[[], Collection[int]],
    script_seconds: Callable[[], float],
) -> Iterator[None]:
    """Add the cost of the block to the probe, if there is one.

    `bot` returns the process of the bot, `pids` all processes that take turns in a step.
    """
    if probe is None:
        yield
        return
    pid, cpu, waited = bot(), read_cpu_seconds(bot()), script_seconds()
    own = OwnTime(time.monotonic(), pids())
    try:
        yield
    finally:
        own.count(time.monotonic(), pids())
        after = read_cpu_seconds(pid) if pid == bot() else None
        used = None if cpu is None or after is None else max(0.0, after - cpu)
        probe.costs.append(StepCost(own.seconds, max(0.0, script_seconds() - waited), used))
