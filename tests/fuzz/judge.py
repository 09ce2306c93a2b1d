"""Judges cases: each must end soon, without an exception, and leave nothing in memory."""

import gc
import math
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

Case = Callable[[bytes], None]
"""Passes the bytes of a case to a parser. Raises what the parser must not raise."""

SECONDS = 1.0
"""Of processor time for one case; a part of the process that waits does not count."""

MOST_FINDINGS = 40
_GROWTH = 0.1  # of the blocks in use, over the last part of the cases
_GROWTH_BLOCKS = 20_000  # what caches may take on
_FEWEST_CASES = 1_024  # fewer say nothing about growth, and measuring takes longer than they do


class TooSlow(BaseException):
    """A case took too long; no handler of errors in between may take it for an error of its own."""


@dataclass
class Finding:
    """A kind of failure, with the shortest case that shows it."""

    error: str
    place: str
    case: bytes
    trace: str


@dataclass
class Verdict:
    """What so many cases of one class have shown."""

    cases: int = 0
    slowest: float = 0.0
    blocks: tuple[int, int] = (0, 0)
    peak_mb: float = 0.0
    findings: dict[str, Finding] = field(default_factory=dict)

    @property
    def is_growing(self) -> bool:
        """Whether memory in use has grown since the last power of two of cases."""
        before, after = self.blocks
        return after - before > max(_GROWTH_BLOCKS, before * _GROWTH)


class Judge:
    """Runs cases, and notes what went wrong, until there were so many or the time is over."""

    def __init__(self, case: Case, cases: int, seconds: float = math.inf) -> None:
        self._case = case
        self._most = cases
        self._end = time.monotonic() + seconds
        self.verdict = Verdict()
        signal.signal(signal.SIGPROF, _raise_too_slow)

    @property
    def is_done(self) -> bool:
        """Whether all cases were run, or the time is over."""
        return self.verdict.cases >= self._most or time.monotonic() > self._end

    def run(self, data: bytes) -> None:
        """Run one case."""
        began = time.process_time()
        try:
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            try:
                self._case(data)
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
        except (Exception, TooSlow) as error:  # noqa: BLE001  # every error is a finding
            self._note(data, error)
        self.verdict.slowest = max(self.verdict.slowest, time.process_time() - began)
        self.verdict.cases += 1
        cases = self.verdict.cases
        if cases >= _FEWEST_CASES and cases.bit_count() == 1:  # half of what may follow
            self._measure_blocks()

    def finish(self) -> Verdict:
        """Return the verdict about the cases until now."""
        if self.verdict.cases >= _FEWEST_CASES:
            self._measure_blocks()
        self.verdict.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return self.verdict

    def _measure_blocks(self) -> None:
        gc.collect()
        self.verdict.blocks = (self.verdict.blocks[1], sys.getallocatedblocks())

    def _note(self, data: bytes, error: BaseException) -> None:
        place = _find_place(error)
        key = f"{type(error).__name__} at {place}"
        known = self.verdict.findings.get(key)
        if known is None and len(self.verdict.findings) >= MOST_FINDINGS:
            return
        if known is None or len(data) < len(known.case):
            trace = "".join(traceback.format_exception(error)[-12:])
            self.verdict.findings[key] = Finding(repr(error)[:300], place, data, trace)


def _raise_too_slow(number: int, frame: FrameType | None) -> None:
    raise TooSlow(f"more than {SECONDS} s of processor time")


def _find_place(error: BaseException) -> str:
    """Return the innermost line of ours on the way to an error."""
    frames: list[Any] = traceback.extract_tb(error.__traceback__)
    ours = [each for each in frames if "site-packages" not in each.filename and "/lib/" not in
            each.filename and not each.filename.startswith("<")]  # fmt: skip
    last = (ours or frames)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"
